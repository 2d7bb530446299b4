"""Every option that more than one place knows, in the order of docs/settings.md."""

from __future__ import annotations

from typing import Literal

from homelab.options.option import Option

RuntimeChoice = Literal["auto", "lxc", "memory"]
ImagesChoice = Literal["lab", "upstream"]
StateChoice = Literal["local", "pg"]

TARGET = Option(
    help="A target of homelab.toml.",
    flag="--target",
    metavar="NAME",
    key="default_target",
    default="lab",
)
PROJECT = Option(
    help="The project's directory.",
    flag="--project",
    variable="HOMELAB_PROJECT",
    otherwise="upwards from the working directory",
)
CACHE = Option(
    help="Where images and programs are cached, for all labs together.",
    variable="HOMELAB_CACHE",
    otherwise="/var/cache/homelab for root, else ~/.cache/homelab",
)
NTFY_URL = Option(
    help="The topic of ntfy that people are notified on; its name is its secret.",
    variable="HOMELAB_NTFY_URL",
    otherwise="nobody is notified",
)

RUNTIME = Option(
    help="How the lab runs containers: for real (lxc) or as state only (memory).",
    flag="--runtime",
    key="targets.lab.runtime",
    default="auto",
)
LISTEN = Option(
    help="Where the lab's API listens.",
    flag="--listen",
    metavar="ADDRESS:PORT",
    variable="HOMELAB_LAB_LISTEN",
    key="targets.lab.listen",
    default="127.0.0.1:8006",
)
STATE = Option(
    help="The lab's state directory.",
    flag="--state",
    variable="HOMELAB_LAB_STATE",
    key="targets.lab.state",
    otherwise="/var/lib/homelab/lab for root, else ~/.local/state/homelab/lab",
    is_directory=True,
)
IMAGES = Option(
    help="Service images: built in the lab, or pulled from their real registries.",
    flag="--images",
    key="targets.lab.images",
    default="lab",
)
NODES = Option(
    help="How many nodes the cluster has.",
    flag="--nodes",
    otherwise="as before, or 1",
    least=1,
)
PVE_VERSION = Option(
    help="The release that it is: 8 or 9.",
    flag="--pve-version",
    metavar="VERSION",
    otherwise="as before, or 9",
)
RESOURCES_LAG = Option(
    help="How far /cluster/resources lags behind; PVE's does some seconds.",
    flag="--resources-lag",
    metavar="SECONDS",
    otherwise="0",
    least=0,
    most=60,
)
REQUEST_LOG = Option(
    help="A new server notes every request in this file.",
    flag="--request-log",
)

API_URL = Option(
    help="The address of the node's API.",
    variable="PM_API_URL",
    key="targets.NAME.api_url",
)
API_TOKEN_ID = Option(help="An API token, such as root@pam!homelab.", variable="PM_API_TOKEN_ID")
API_TOKEN_SECRET = Option(help="Its secret.", variable="PM_API_TOKEN_SECRET")
USER = Option(help="A user, such as root@pam, where there is no token.", variable="PM_USER")
PASSWORD = Option(help="Their password.", variable="PM_PASS")
CA_FILE = Option(
    help="The CA that signed the API's certificate, trusted besides the system's.",
    variable="HOMELAB_CA_FILE",
    key="targets.NAME.ca_file",
)
TLS_INSECURE = Option(
    help="Whether Terraform accepts any certificate.",
    key="targets.NAME.tls_insecure",
    otherwise="false",
)
NODE = Option(
    help="The node that containers are made on.",
    key="targets.NAME.node",
    otherwise="that of terraform/variables.tf",
)
STORAGE = Option(
    help="The storage of their volumes.",
    key="targets.NAME.storage",
    otherwise="that of terraform/variables.tf",
)
TEMPLATE = Option(
    help="The template that they are made from.",
    key="targets.NAME.template",
    otherwise="that of terraform/variables.tf",
)
SSH_USER = Option(
    help="Who logs in to the containers.", key="targets.NAME.ssh_user", default="root"
)
SSH_KEY = Option(
    help="The private key; Terraform puts its public half, FILE.pub, into new containers.",
    key="targets.NAME.ssh_key",
)
VAULT_PASSWORD_FILE = Option(
    help="Opens ansible/group_vars/NAME/vault.yml.",
    variable="ANSIBLE_VAULT_PASSWORD_FILE",
    key="targets.NAME.vault_password_file",
)
TERRAFORM_STATE = Option(
    help="Where Terraform's state is: in a file, or in PostgreSQL.",
    key="targets.NAME.state",
    default="local",
)
STATE_SCHEMA = Option(
    help="The PostgreSQL schema of the state.",
    variable="PG_SCHEMA_NAME",
    key="targets.NAME.state_schema",
    default="homelab",
)
PG_CONN_STR = Option(help="How the database of the state is reached.", variable="PG_CONN_STR")
SSL_CERT_FILE = Option(
    help="What programs in Go and OpenSSL trust already, such as a company's proxy.",
    variable="SSL_CERT_FILE",
)
