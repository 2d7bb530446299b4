package main

import (
	"github.com/luthermonson/go-proxmox"
)

var storageSteps = []step{
	{"storages", func(l *lab) error {
		storages, err := l.node.Storages(l.ctx)
		if err != nil {
			return err
		}
		_, all := l.client.ClusterStorages(l.ctx)
		_, one := l.client.ClusterStorage(l.ctx, "local")
		return first(all, one, same("whether there is a storage", len(storages) > 0, true))
	}},
	{"upload, list and delete", func(l *lab) error {
		storage, err := l.node.Storage(l.ctx, "local")
		if err != nil {
			return err
		}
		name := "gopher_1.0_amd64.tar.gz"
		if err = l.done(storage.UploadString("vztmpl", name, "not really an archive")); err != nil {
			return err
		}
		content, err := storage.GetContent(l.ctx)
		if err != nil {
			return err
		}
		found := false
		for _, item := range content {
			found = found || item.Volid == "local:vztmpl/"+name
		}
		return first(
			same("whether the template is listed", found, true),
			l.done(storage.DeleteContent(l.ctx, "local:vztmpl/"+name)),
		)
	}},
	{"backup", func(l *lab) error {
		if err := l.done(l.node.Vzdump(l.ctx, &proxmox.VirtualMachineBackupOptions{
			VMID: 700, Mode: "snapshot", Storage: "local",
		})); err != nil {
			return err
		}
		cluster, err := l.client.Cluster(l.ctx)
		if err != nil {
			return err
		}
		if _, err = cluster.Backups(l.ctx); err != nil {
			return err
		}
		tasks, err := cluster.Tasks(l.ctx)
		if err != nil {
			return err
		}
		log, err := tasks[0].Log(l.ctx, 0, 50)
		return first(err, same("whether the task has a log", len(log) > 0, true))
	}},
	{"stop and delete", func(l *lab) error {
		guest, err := l.container(700)
		if err != nil {
			return err
		}
		if err = l.done(guest.Shutdown(l.ctx, true, 10)); err != nil {
			return err
		}
		if err = l.done(guest.Start(l.ctx)); err != nil {
			return err
		}
		if err = l.done(guest.Stop(l.ctx)); err != nil {
			return err
		}
		clone, err := l.container(701)
		if err != nil {
			return err
		}
		if err = l.done(clone.Delete(l.ctx, nil)); err != nil {
			return err
		}
		if err = l.done(guest.Delete(l.ctx, &proxmox.ContainerDeleteOptions{Purge: true})); err != nil {
			return err
		}
		_, err = l.container(700)
		return same("whether it is gone", err != nil, true)
	}},
}
