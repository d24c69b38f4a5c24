// Package audit keeps a trail of what is done with machines: in the kernel's audit
// system (audit_level) and in the daemon's log (audit_logging).
//
//	Record ─▶ Trail.Write ─┬▶ the log: "success=yes virt=kvm op=start …"
//	                       └▶ the kernel: "virt=kvm op=start … exe="…" … res=success"
//
// Records of one caller keep their order. Nothing waits: the kernel answers at once.
package audit
