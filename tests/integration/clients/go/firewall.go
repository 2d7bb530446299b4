package main

import (
	"github.com/luthermonson/go-proxmox"
)

var firewallSteps = []step{
	{"the cluster's aliases and sets", func(l *lab) error {
		cluster, err := l.client.Cluster(l.ctx)
		if err != nil {
			return err
		}
		if err = cluster.NewFirewallAlias(l.ctx, &proxmox.FirewallAliasCreateOption{
			Name: "warren", CIDR: "10.10.0.0/24",
		}); err != nil {
			return err
		}
		if err = cluster.NewFirewallIPSet(
			l.ctx, &proxmox.FirewallIPSetCreationOption{Name: "dens"},
		); err != nil {
			return err
		}
		if err = cluster.NewFirewallIPSetEntry(l.ctx, "dens", &proxmox.FirewallIPSetEntryCreationOption{
			CIDR: "10.10.0.7",
		}); err != nil {
			return err
		}
		entries, err := cluster.FirewallIPSet(l.ctx, "dens")
		if err != nil {
			return err
		}
		alias, err := cluster.FirewallAlias(l.ctx, "warren")
		if err != nil {
			return err
		}
		_, macros := cluster.FirewallMacros(l.ctx)
		_, refs := cluster.FirewallRefs(l.ctx, "alias")
		return first(
			macros, refs,
			same("entries", len(entries), 1),
			same("the alias", alias.Cidr, "10.10.0.0/24"),
			cluster.FirewallIPSetEntryDelete(l.ctx, "dens", "10.10.0.7"),
			cluster.FirewallIPSetDelete(l.ctx, "dens", false),
			cluster.FirewallAliasDelete(l.ctx, "warren"),
		)
	}},
	{"rules and a security group", func(l *lab) error {
		cluster, err := l.client.Cluster(l.ctx)
		if err != nil {
			return err
		}
		rule := &proxmox.FirewallRule{
			Type: "in", Action: "ACCEPT", Proto: "tcp", Dport: "22", Enable: 1, Comment: "ssh",
		}
		if err = cluster.NewFirewallRule(l.ctx, rule); err != nil {
			return err
		}
		rules, err := cluster.FirewallRules(l.ctx)
		if err != nil {
			return err
		}
		if err = same("the port", rules[0].Dport, "22"); err != nil {
			return err
		}
		if err = cluster.NewFWGroup(
			l.ctx, &proxmox.FirewallSecurityGroup{Group: "diggers", Comment: "dig"},
		); err != nil {
			return err
		}
		group, err := cluster.FWGroup(l.ctx, "diggers")
		if err != nil {
			return err
		}
		if err = group.RuleCreate(l.ctx, rule); err != nil {
			return err
		}
		inside, err := group.GetRules(l.ctx)
		if err != nil {
			return err
		}
		_, nodeRules := l.node.FirewallRules(l.ctx)
		_, nodeOptions := l.node.FirewallOptionGet(l.ctx)
		_, options := cluster.FirewallOptions(l.ctx)
		return first(
			nodeRules, nodeOptions, options,
			same("the group's rules", len(inside), 1),
			group.RuleDelete(l.ctx, 0),
			group.Delete(l.ctx),
			cluster.FirewallRuleDelete(l.ctx, 0),
		)
	}},
}
