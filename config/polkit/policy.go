package polkit

import (
	"fmt"
	"strings"
)

// prefix is before object and permission in the name of an action.
const prefix = "org.libvirt.api."

// Action is the name that polkit has for a permission on a kind of object.
func Action(object, permission string) string {
	return prefix + strings.ReplaceAll(object+"."+permission, "_", "-")
}

const (
	head = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/PolicyKit/1.0/policyconfig.dtd">
<policyconfig>
  <vendor>virtree</vendor>
  <icon_name>libvirt</icon_name>
`
	action = `  <action id="%[1]s">
    <description>%[2]s</description>
    <message>The system's policy does not let everybody %[3]s</message>
    <defaults>
      <allow_any>%[4]s</allow_any>
      <allow_inactive>%[4]s</allow_inactive>
      <allow_active>%[4]s</allow_active>
    </defaults>
  </action>
`
	foot = "</policyconfig>\n"
)

// policy writes the actions of all permissions.
func policy() string {
	var b strings.Builder
	b.WriteString(head)
	for _, o := range objects {
		for _, p := range o.permissions {
			answer := "no"
			if p.open {
				answer = "yes"
			}
			fmt.Fprintf(&b, action, Action(o.name, p.name), strings.ToUpper(p.text[:1])+p.text[1:], p.text, answer)
		}
	}
	b.WriteString(foot)
	return b.String()
}
