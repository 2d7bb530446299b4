// Drives a Proxmox VE node with go-proxmox: access, a container's life, storage and firewall.
//
// The node is named by PM_API_URL, PM_USER, PM_PASS, HOMELAB_CA_FILE, HOMELAB_NODE and
// HOMELAB_TEMPLATE. Each step that holds is printed; the first that does not ends the program.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/luthermonson/go-proxmox"
)

type lab struct {
	ctx      context.Context
	client   *proxmox.Client
	node     *proxmox.Node
	template string
}

type step struct {
	name string
	run  func(*lab) error
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := proxmox.NewClient(
		os.Getenv("PM_API_URL"),
		proxmox.WithRootCAFile(os.Getenv("HOMELAB_CA_FILE")),
		proxmox.WithCredentials(&proxmox.Credentials{
			Username: os.Getenv("PM_USER"), Password: os.Getenv("PM_PASS"),
		}),
		proxmox.WithEagerAuth(),
	)
	l := &lab{ctx: ctx, client: client, template: os.Getenv("HOMELAB_TEMPLATE")}
	for _, part := range [][]step{nodeSteps, accessSteps, containerSteps, storageSteps, firewallSteps} {
		for _, step := range part {
			if err := step.run(l); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", step.name, err)
				os.Exit(1)
			}
			fmt.Println("ok", step.name)
		}
	}
}

// done waits for a task, which has to end well.
func (l *lab) done(task *proxmox.Task, err error) error {
	if err != nil {
		return err
	}
	if task == nil {
		return fmt.Errorf("no task was started")
	}
	if err := task.Wait(l.ctx, 20*time.Millisecond, 20*time.Second); err != nil {
		return err
	}
	if task.ExitStatus != "OK" {
		return fmt.Errorf("%s ended with %q", task.UPID, task.ExitStatus)
	}
	return nil
}

func (l *lab) container(vmid int) (*proxmox.Container, error) {
	return l.node.Container(l.ctx, vmid)
}

// same fails where a value is not the one that was expected.
func same[T comparable](what string, got, expected T) error {
	if got != expected {
		return fmt.Errorf("%s is %v, not %v", what, got, expected)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
