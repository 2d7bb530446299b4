package main

import (
	"fmt"
	"strings"

	"github.com/luthermonson/go-proxmox"
)

var containerSteps = []step{
	{"create", func(l *lab) error {
		return l.done(l.node.NewContainer(l.ctx, 700,
			proxmox.ContainerOption{Name: "ostemplate", Value: l.template},
			proxmox.ContainerOption{Name: "rootfs", Value: "local-zfs:2"},
			proxmox.ContainerOption{Name: "mp0", Value: "local-zfs:1,mp=/data,backup=1"},
			proxmox.ContainerOption{Name: "hostname", Value: "gopher"},
			proxmox.ContainerOption{Name: "memory", Value: 256},
			proxmox.ContainerOption{Name: "cores", Value: 2},
			proxmox.ContainerOption{Name: "unprivileged", Value: true},
			proxmox.ContainerOption{Name: "features", Value: "nesting=1"},
			proxmox.ContainerOption{Name: "net0", Value: "name=eth0,bridge=vmbr0,ip=10.10.0.70/24"},
		))
	}},
	{"create again is refused", func(l *lab) error {
		_, err := l.node.NewContainer(l.ctx, 700,
			proxmox.ContainerOption{Name: "ostemplate", Value: l.template},
		)
		if err == nil || !strings.Contains(err.Error(), "CT 700 already exists on node") {
			return fmt.Errorf("the second creation was answered by %v", err)
		}
		return nil
	}},
	{"read", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		config := guest.ContainerConfig
		return first(
			same("the hostname", config.Hostname, "gopher"),
			same("the memory", *config.Memory, 256),
			same("the cores", config.Cores, 2),
			same("the status", guest.Status, "stopped"),
			same("a mount point", strings.Contains(config.Mps["mp0"], "size=1G"), true),
		)
	}},
	{"configure", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		if _, err = guest.Config(l.ctx,
			proxmox.ContainerOption{Name: "memory", Value: 512},
			proxmox.ContainerOption{Name: "onboot", Value: true},
			proxmox.ContainerOption{Name: "description", Value: "dug by Go"},
		); err != nil {
			return err
		}
		if _, err = guest.AddTag(l.ctx, "go"); err != nil {
			return err
		}
		guest, err = l.container(700)
		if err != nil {
			return err
		}
		return first(
			same("the memory", *guest.ContainerConfig.Memory, 512),
			same("the tag", guest.HasTag("go"), true),
			l.done(guest.Resize(l.ctx, "rootfs", "3G")),
		)
	}},
	{"start, look and suspend", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		if err = l.done(guest.Start(l.ctx)); err != nil {
			return err
		}
		if err = guest.Ping(l.ctx); err != nil {
			return err
		}
		if err = same("the status", guest.Status, "running"); err != nil {
			return err
		}
		_, interfaces := guest.Interfaces(l.ctx)
		_, pending := guest.Pending(l.ctx)
		_, data := guest.RRDData(l.ctx, proxmox.TimeframeHour)
		_, listed := l.node.Containers(l.ctx)
		return first(
			interfaces, pending, data, listed,
			l.done(guest.Suspend(l.ctx)),
			l.done(guest.Resume(l.ctx)),
			l.done(guest.Reboot(l.ctx)),
		)
	}},
	{"snapshot and roll back", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		if err = l.done(guest.NewSnapshot(l.ctx, "before")); err != nil {
			return err
		}
		if _, err = guest.Config(
			l.ctx, proxmox.ContainerOption{Name: "memory", Value: 1024},
		); err != nil {
			return err
		}
		snapshot := guest.Snapshot("before")
		if err = l.done(snapshot.Rollback(l.ctx, true)); err != nil {
			return err
		}
		back, err := l.container(700)
		if err != nil {
			return err
		}
		list, err := guest.Snapshots(l.ctx)
		if err != nil {
			return err
		}
		_, config := snapshot.Config(l.ctx)
		return first(
			config,
			same("the memory", *back.ContainerConfig.Memory, 512),
			same("snapshots and the present", len(list), 2),
			snapshot.UpdateConfig(l.ctx, &proxmox.ContainerSnapshotUpdateOptions{
				Description: "as it was",
			}),
		)
	}},
	{"clone and template", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		vmid, task, err := guest.Clone(l.ctx, &proxmox.ContainerCloneOptions{
			NewID: 701, Hostname: "cub", SnapName: "before", Full: true,
		})
		if err = l.done(task, err); err != nil {
			return err
		}
		clone, err := l.container(vmid)
		if err != nil {
			return err
		}
		if err = same("the clone's name", clone.Name, "cub"); err != nil {
			return err
		}
		return first(
			l.done(guest.Snapshot("before").Delete(l.ctx)),
			clone.Template(l.ctx),
		)
	}},
	{"a pool", func(l *lab) error {
		if err := l.client.NewPool(l.ctx, "burrow", "of the Go client"); err != nil {
			return err
		}
		pool, err := l.client.Pool(l.ctx, "burrow")
		if err != nil {
			return err
		}
		if err = pool.Update(l.ctx, &proxmox.PoolUpdateOption{VirtualMachines: "700"}); err != nil {
			return err
		}
		if pool, err = l.client.Pool(l.ctx, "burrow", "lxc"); err != nil {
			return err
		}
		if err = same("members", len(pool.Members), 1); err != nil {
			return err
		}
		if _, err = l.client.Pools(l.ctx); err != nil {
			return err
		}
		return first(
			pool.Update(l.ctx, &proxmox.PoolUpdateOption{VirtualMachines: "700", Delete: true}),
			pool.Delete(l.ctx),
		)
	}},
	// MigratePreconditions is left out: it wants a boolean where PVE answers 0 or 1.
	{"move to another node", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		target := l.node.Name + "2"
		for _, where := range []string{target, l.node.Name} {
			if err = l.done(guest.Migrate(l.ctx, &proxmox.ContainerMigrateOptions{
				Target: where, Restart: true,
			})); err != nil {
				return err
			}
			guest.Node = where
		}
		return nil
	}},
}
