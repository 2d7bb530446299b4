// Drives a Proxmox VE node with proxmox-api, by ticket and by API token.
//
// The node is named by PM_API_URL, PM_USER, PM_PASS, PM_API_TOKEN_ID, PM_API_TOKEN_SECRET,
// HOMELAB_NODE and HOMELAB_TEMPLATE; its certificate is trusted through NODE_EXTRA_CA_CERTS.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import proxmoxApi from "proxmox-api";

const { env } = process;
const { hostname: host, port } = new URL(env.PM_API_URL);
const where = { host, port: Number(port) };
const byTicket = proxmoxApi({ ...where, username: env.PM_USER, password: env.PM_PASS });
const byToken = proxmoxApi({
  ...where,
  tokenID: env.PM_API_TOKEN_ID,
  tokenSecret: env.PM_API_TOKEN_SECRET,
});
const node = byTicket.nodes.$(env.HOMELAB_NODE);

async function done(upid) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const task = await node.tasks.$(upid).status.$get();
    if (task.status === "stopped") {
      assert.equal(task.exitstatus, "OK", upid);
      return;
    }
    await sleep(20);
  }
  assert.fail(`${upid} did not end`);
}

const steps = {
  async "the node"() {
    const version = await byTicket.version.$get();
    assert.match(version.version, /^[89]\./);
    const nodes = await byTicket.nodes.$get();
    assert.equal(nodes[0].status, "online");
    const status = await node.status.$get();
    assert.equal(typeof status.memory.total, "number");
    assert.ok((await byTicket.cluster.status.$get()).some((entry) => entry.local === 1));
    assert.ok((await node.network.$get({ type: "bridge" })).length > 0);
  },

  async "a token reads and writes"() {
    assert.deepEqual(await byToken.version.$get(), await byTicket.version.$get());
    await byToken.pools.$post({ poolid: "js", comment: "of the Node client" });
    const pools = await byToken.pools.$get();
    assert.ok(pools.some((pool) => pool.poolid === "js"));
  },

  async "create"() {
    const next = await byTicket.cluster.nextid.$get();
    assert.equal(typeof next, "string");
    await done(
      await node.lxc.$post({
        vmid: 720,
        ostemplate: env.HOMELAB_TEMPLATE,
        rootfs: "local-zfs:2",
        hostname: "script",
        memory: 256,
        unprivileged: true,
        onboot: false,
        net0: "name=eth0,bridge=vmbr0,ip=10.10.0.72/24",
        tags: "web;js",
        pool: "js",
        start: true,
      }),
    );
  },

  async "read"() {
    const guest = node.lxc.$(720);
    const config = await guest.config.$get();
    assert.equal(config.hostname, "script");
    assert.equal(config.memory, 256);
    assert.equal(config.unprivileged, 1);
    assert.equal(config.tags, "js;web");
    assert.match(config.net0, /hwaddr=BC:24:11/);
    const status = await guest.status.current.$get();
    assert.equal(status.status, "running");
    assert.equal(status.vmid, 720);
    const rows = await byTicket.cluster.resources.$get({ type: "vm" });
    assert.ok(rows.some((row) => row.vmid === 720 && row.pool === "js"));
    assert.ok((await node.lxc.$get()).length > 0);
    await guest.interfaces.$get();
    await guest.rrddata.$get({ timeframe: "hour" });
  },

  async "configure"() {
    const guest = node.lxc.$(720);
    const { digest } = await guest.config.$get();
    assert.equal(await guest.config.$put({ memory: 512, description: "a\nb", digest }), null);
    const config = await guest.config.$get();
    assert.equal(config.memory, 512);
    assert.equal(config.description, "a\nb\n");
    await assert.rejects(guest.config.$put({ memory: 1, digest }), /minimum value of 16/);
    await assert.rejects(
      guest.config.$put({ memory: 64, digest }),
      /detected modified configuration - file changed by other user/,
    );
    await guest.config.$put({ delete: "description" });
    await guest.pending.$get();
    await done(await guest.resize.$put({ disk: "rootfs", size: "+1G" }));
  },

  async "snapshot, roll back, clone"() {
    const guest = node.lxc.$(720);
    await done(await guest.snapshot.$post({ snapname: "one", description: "first" }));
    await done(await guest.snapshot.$("one").rollback.$post({ start: true }));
    const names = (await guest.snapshot.$get()).map((entry) => entry.name);
    assert.deepEqual(names, ["one", "current"]);
    await done(await guest.clone.$post({ newid: 721, hostname: "copy", snapname: "one", full: true }));
    await done(await guest.snapshot.$("one").$delete());
    await done(await node.lxc.$(721).$delete({ purge: true }));
  },

  async "firewall of a container"() {
    const firewall = node.lxc.$(720).firewall;
    await firewall.options.$put({ enable: true, policy_in: "DROP" });
    assert.equal((await firewall.options.$get()).enable, 1);
    await firewall.rules.$post({ type: "in", action: "ACCEPT", proto: "tcp", dport: "80", enable: 1 });
    assert.equal((await firewall.rules.$(0).$get()).dport, "80");
    await firewall.rules.$(0).$put({ comment: "web" });
    assert.equal((await firewall.rules.$get())[0].comment, "web");
    await firewall.rules.$(0).$delete();
  },

  async "aliases and sets of a container"() {
    const firewall = node.lxc.$(720).firewall;
    await firewall.aliases.$post({ name: "here", cidr: "10.10.0.72" });
    await firewall.aliases.$("here").$put({ cidr: "10.10.0.73" });
    assert.equal((await firewall.aliases.$("here").$get()).cidr, "10.10.0.73");
    await firewall.ipset.$post({ name: "friends" });
    await firewall.ipset.$("friends").$post({ cidr: "10.20.0.0/24" });
    await firewall.ipset.$("friends").$("10.20.0.0/24").$put({ comment: "vpn" });
    assert.equal((await firewall.ipset.$("friends").$("10.20.0.0/24").$get()).comment, "vpn");
    assert.equal((await firewall.ipset.$("friends").$get()).length, 1);
    assert.deepEqual((await firewall.ipset.$get()).map((set) => set.name), ["friends"]);
    assert.ok((await firewall.refs.$get()).length >= 2);
    await firewall.ipset.$("friends").$("10.20.0.0/24").$delete();
    await firewall.ipset.$("friends").$delete();
    await firewall.aliases.$("here").$delete();
    assert.ok(Array.isArray(await firewall.log.$get()));
  },

  async "firewall of the node and the cluster"() {
    await node.firewall.rules.$post({ type: "in", action: "ACCEPT", proto: "tcp", dport: "8006" });
    await node.firewall.rules.$(0).$put({ enable: 1, comment: "API" });
    assert.equal((await node.firewall.rules.$(0).$get()).comment, "API");
    await node.firewall.rules.$(0).$delete();
    await node.firewall.options.$put({ enable: true });
    const { firewall } = byTicket.cluster;
    await firewall.options.$put({ enable: 1, policy_in: "DROP" });
    await firewall.rules.$post({ type: "out", action: "ACCEPT" });
    await firewall.rules.$(0).$put({ comment: "out" });
    assert.equal((await firewall.rules.$(0).$get()).comment, "out");
    await firewall.rules.$(0).$delete();
    await firewall.groups.$post({ group: "web" });
    await firewall.groups.$("web").$post({ type: "in", action: "ACCEPT", macro: "HTTP" });
    await firewall.groups.$("web").$(0).$put({ comment: "http" });
    assert.equal((await firewall.groups.$("web").$(0).$get()).macro, "HTTP");
    await firewall.groups.$("web").$(0).$delete();
    await firewall.groups.$("web").$delete();
  },

  async "settings of the node and the cluster"() {
    const hosts = await node.hosts.$get();
    await node.hosts.$post({ data: `${hosts.data}10.10.0.72 script\n`, digest: hosts.digest });
    assert.match((await node.hosts.$get()).data, /script/);
    await node.dns.$put({ search: "lab.test", dns1: "10.10.0.1" });
    assert.equal((await node.dns.$get()).search, "lab.test");
    await node.time.$put({ timezone: "Europe/Vienna" });
    assert.equal((await node.time.$get()).timezone, "Europe/Vienna");
    await node.config.$put({ description: "of the lab" });
    assert.match((await node.config.$get()).description, /of the lab/);
    await byTicket.cluster.options.$put({ description: "all of it" });
    assert.match((await byTicket.cluster.options.$get()).description, /all of it/);
    assert.ok(Array.isArray(await node.journal.$get({ lastentries: 5 })));
    assert.ok((await byTicket.cluster.log.$get({ max: 5 })).length <= 5);
    assert.ok((await node.aplinfo.$get()).length > 0);
    assert.ok((await node.rrddata.$get({ timeframe: "hour" })).length > 0);
    await node.storage.$("local").rrddata.$get({ timeframe: "day" });
    assert.deepEqual(await byTicket.cluster.replication.$get(), []);
    assert.deepEqual(await byTicket.cluster.ha.resources.$get(), []);
    await assert.rejects(
      byTicket.cluster.ha.resources.$("ct:720").$get(),
      /500 no such resource 'ct:720'/,
    );
  },

  async "what a node does not serve"() {
    await assert.rejects(byTicket.cluster.ceph.status.$get(), /501 Method 'GET \/cluster\/ceph/);
    await assert.rejects(node.qemu.$(100).config.$get(), /501 Method/);
  },

  async "storage and backup"() {
    const storages = await node.storage.$get();
    assert.ok(storages.some((storage) => storage.storage === "local-zfs"));
    await done(await node.vzdump.$post({ vmid: "720", storage: "local", mode: "stop" }));
    const backups = await node.storage.$("local").content.$get({ content: "backup", vmid: 720 });
    assert.equal(backups.length, 1);
    assert.ok((await node.vzdump.extractconfig.$get({ volume: backups[0].volid })).length > 0);
    await done(await node.storage.$("local").content.$(backups[0].volid).$delete());
  },

  async "tasks and logs"() {
    const tasks = await node.tasks.$get({ vmid: 720, limit: 5 });
    assert.equal(tasks.length, 5);
    const log = await node.tasks.$(tasks[0].upid).log.$get({ limit: 500 });
    assert.equal(log.at(-1).t, "TASK OK");
    assert.ok((await node.syslog.$get({ limit: 5 })).length >= 0);
  },

  async "users and rights"() {
    await byTicket.access.users.$post({ userid: "node@pve", password: "javascript" });
    await byTicket.access.acl.$put({ path: "/pool/js", roles: "PVEAuditor", users: "node@pve" });
    const other = proxmoxApi({ ...where, username: "node@pve", password: "javascript" });
    const seen = await other.cluster.resources.$get({ type: "vm" });
    assert.deepEqual(seen.map((row) => row.vmid), [720]);
    await assert.rejects(
      other.nodes.$(env.HOMELAB_NODE).lxc.$(720).status.stop.$post(),
      /403 Permission check failed \(\/vms\/720, VM\.PowerMgmt\)/,
    );
    await byTicket.access.users.$("node@pve").$delete();
  },

  async "stop and delete"() {
    const guest = node.lxc.$(720);
    await done(await guest.status.reboot.$post({ timeout: 5 }));
    await done(await guest.status.shutdown.$post({ timeout: 5, forceStop: true }));
    await done(await guest.status.start.$post());
    await assert.rejects(guest.status.start.$post(), /CT 720 already running/);
    await done(await guest.status.stop.$post());
    await done(await guest.$delete());
    await assert.rejects(guest.config.$get(), /720\.conf' does not exist/);
    await byTicket.pools.$("js").$delete();
  },
};

for (const [name, step] of Object.entries(steps)) {
  try {
    await step();
  } catch (error) {
    console.error(`${name}: ${error.stack ?? error}`);
    process.exit(1);
  }
  console.log(`ok ${name}`);
}
