package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/luthermonson/go-proxmox"
)

var nodeSteps = []step{
	{"version", func(l *lab) error {
		version, err := l.client.Version(l.ctx)
		if err != nil {
			return err
		}
		if !strings.HasPrefix(version.Version, version.Release) {
			return fmt.Errorf("version %q is not of release %q", version.Version, version.Release)
		}
		return nil
	}},
	{"nodes", func(l *lab) error {
		nodes, err := l.client.Nodes(l.ctx)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			if err := same("the status of "+node.Node, node.Status, "online"); err != nil {
				return err
			}
		}
		if l.node, err = l.client.Node(l.ctx, os.Getenv("HOMELAB_NODE")); err != nil {
			return err
		}
		if l.node.Memory.Total == 0 || l.node.CPUInfo.CPUs == 0 {
			return fmt.Errorf("the node has no memory or no processors")
		}
		return nil
	}},
	{"cluster", func(l *lab) error {
		cluster, err := l.client.Cluster(l.ctx)
		if err != nil {
			return err
		}
		if len(cluster.Nodes) == 0 {
			return fmt.Errorf("the cluster has no nodes")
		}
		if _, err = cluster.Resources(l.ctx, "storage"); err != nil {
			return err
		}
		free, err := cluster.CheckID(l.ctx, 700)
		return first(err, same("whether 700 is free", free, true))
	}},
	{"settings of the node", func(l *lab) error {
		_, version := l.node.Version(l.ctx)
		_, networks := l.node.Networks(l.ctx)
		bridge, network := l.node.Network(l.ctx, "vmbr0")
		_, dns := l.node.DNS(l.ctx)
		clock, now := l.node.Time(l.ctx)
		_, services := l.node.Services(l.ctx)
		_, subscription := l.node.Subscription(l.ctx)
		_, replications := l.node.Replications(l.ctx, 0)
		if err := first(
			version, networks, network, dns, now, services, subscription, replications,
		); err != nil {
			return err
		}
		return first(
			same("the type of vmbr0", bridge.Type, "bridge"),
			same("whether there is a time", clock.Time > 0, true),
		)
	}},
}

var accessSteps = []step{
	{"a group, a role and a user", func(l *lab) error {
		if err := l.client.NewGroup(l.ctx, "go-team", "of the Go client"); err != nil {
			return err
		}
		if err := l.client.NewRole(l.ctx, "GoRole", "VM.Audit,Datastore.Audit"); err != nil {
			return err
		}
		if err := l.client.NewUser(l.ctx, &proxmox.NewUser{
			UserID: "gopher@pve", Password: "burrows-deep", Enable: true,
		}); err != nil {
			return err
		}
		role, err := l.client.Role(l.ctx, "GoRole")
		if err != nil {
			return err
		}
		_, audits := role["VM.Audit"]
		return same("whether the role may audit", audits, true)
	}},
	{"rights of a user", func(l *lab) error {
		if err := l.client.UpdateACL(l.ctx, proxmox.ACLOptions{
			Path: "/vms", Roles: "GoRole", Users: "gopher@pve", Propagate: true,
		}); err != nil {
			return err
		}
		held, err := l.client.Permissions(
			l.ctx, &proxmox.PermissionsOptions{Path: "/vms", UserID: "gopher@pve"},
		)
		if err != nil {
			return err
		}
		_, audits := held["/vms"]["VM.Audit"]
		return same("whether the user may audit", audits, true)
	}},
	{"an API token", func(l *lab) error {
		user, err := l.client.User(l.ctx, "gopher@pve")
		if err != nil {
			return err
		}
		made, err := user.NewAPIToken(l.ctx, proxmox.Token{TokenID: "ci", Privsep: false})
		if err != nil {
			return err
		}
		bearer := proxmox.NewClient(
			os.Getenv("PM_API_URL"),
			proxmox.WithRootCAFile(os.Getenv("HOMELAB_CA_FILE")),
			proxmox.WithAPIToken(made.FullTokenID, made.Value),
		)
		if _, err = bearer.Version(l.ctx); err != nil {
			return err
		}
		err = bearer.NewPool(l.ctx, "refused", "")
		if err := same("whether a pool was refused", proxmox.IsNotAuthorized(err), true); err != nil {
			return err
		}
		tokens, err := user.GetAPITokens(l.ctx)
		if err != nil {
			return err
		}
		return first(same("tokens", len(tokens), 1), user.DeleteAPIToken(l.ctx, "ci"))
	}},
	{"lists of access", func(l *lab) error {
		_, users := l.client.Users(l.ctx)
		_, groups := l.client.Groups(l.ctx)
		_, roles := l.client.Roles(l.ctx)
		_, acl := l.client.ACL(l.ctx)
		_, domains := l.client.Domains(l.ctx)
		_, domain := l.client.Domain(l.ctx, "pve")
		return first(users, groups, roles, acl, domains, domain)
	}},
	{"changed and removed again", func(l *lab) error {
		user, err := l.client.User(l.ctx, "gopher@pve")
		if err != nil {
			return err
		}
		if err = user.Update(l.ctx, proxmox.UserOptions{
			Groups: proxmox.CSV{"go-team"}, Comment: "digs",
		}); err != nil {
			return err
		}
		group, err := l.client.Group(l.ctx, "go-team")
		if err != nil {
			return err
		}
		if err = same("members", len(group.Members), 1); err != nil {
			return err
		}
		if err = l.client.Password(l.ctx, "gopher@pve", "burrows-deeper"); err != nil {
			return err
		}
		roles, err := l.client.Roles(l.ctx)
		if err != nil {
			return err
		}
		for _, role := range roles {
			if role.RoleID == "GoRole" {
				err = role.Delete(l.ctx)
			}
		}
		return first(err, user.Delete(l.ctx), group.Delete(l.ctx))
	}},
}
