# Address and credentials come from PM_API_URL, PM_USER, PM_PASS, PM_API_TOKEN_ID and
# PM_API_TOKEN_SECRET; none is written here.
provider "proxmox" {
  pm_tls_insecure = var.tls_insecure

  # The provider polls tasks every two seconds and works on four at a time unless told otherwise.
  pm_parallel = 28
  pm_timeout  = 600
}
