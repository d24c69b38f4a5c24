"""Runs statements against a libvirtd, one answer a line.

Each line of the input is JSON, {"line": statement}; each line of the output is
JSON, {"ok": bool, "text": answer}. Statements share one name space, in which
libvirt, the functions below and connect() are known.
"""

import io
import json
import os
import re
import signal
import sys
import threading
import time

import libvirt
import libvirt_qemu

PATIENCE = 60  # seconds: how long an event may take on a slow machine


def show(value):
    """A value as text that says the same for the same thing."""
    if isinstance(value, libvirt.virDomain):
        return "<domain %s %d>" % (value.name(), value.ID())
    if isinstance(value, (list, tuple)):
        return "[%s]" % ", ".join(show(v) for v in value)
    if isinstance(value, dict):
        return "{%s}" % ", ".join("%s: %s" % (show(k), show(v)) for k, v in value.items())
    if isinstance(value, (str, bytes, int, float, bool, type(None))):
        return repr(value)
    return "<%s>" % type(value).__name__


def shape(value):
    """A value with its numbers taken out: they are of the moment."""
    if isinstance(value, libvirt.virDomain):
        return value
    if isinstance(value, (list, tuple)):
        return [shape(v) for v in value]
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items()}
    return value if isinstance(value, (str, bytes, bool, type(None))) else "a number"


def part(stats, *words):
    """Those of domains' statistics in whose names a word is."""
    return [(d.name(), {k: v for k, v in s.items() if any(w in k for w in words)}) for d, s in stats]


def no_processor(document):
    """A document without the processor: QEMU's own view of it is compared elsewhere."""
    return re.sub(r"  <cpu .*?</cpu>\n", "", document, flags=re.S)


KEYS = {"p": 25, "s": 31, "d": 32, "r": 19, "c": 46, "w": 17, "t": 20, "e": 18}


def press(domain, key):
    """Presses a key of the guest's keyboard."""
    return domain.sendKey(libvirt.VIR_KEYCODE_SET_LINUX, 0, [KEYS[key]], 1, 0)


def read_until(stream, mark, patience=PATIENCE):
    """What a stream that does not block gives, up to a text."""
    end, got = time.monotonic() + patience, b""
    while mark not in got and time.monotonic() < end:
        data = stream.recv(1024)
        if data == -2:
            time.sleep(0.02)
        elif not data:
            return got + b" (the end)"
        else:
            got += data
    return got


def ready(domain):
    """Waits on the first console until the guest takes keys."""
    stream = domain.connect().newStream(libvirt.VIR_STREAM_NONBLOCK)
    domain.openConsole(None, stream, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    # It greets once: who comes late lets it print by a key.
    got = b""
    for _ in range(PATIENCE):
        got += read_until(stream, b"ready for keys", 0.5)
        if b"ready for keys" in got or b"!" in got:
            break
        press(domain, "e")
    stream.finish()
    return b"ready" in got or b"!" in got


def anyway(f, *args):
    """The answer of a call that one of the two may refuse; the script says why."""
    try:
        return show(f(*args))
    except libvirt.libvirtError as e:
        return error(e)


def rising(values):
    """Whether each value is at least the one before it."""
    return all(a <= b for a, b in zip(values, values[1:]))


def error(e):
    """What a client can see of an error."""
    if e.err is None:
        return "an error without its cause: %s" % e
    code, domain, message, level, s1, s2, s3, i1, i2 = e.err
    return "code %d domain %d level %d: %s [%s|%s|%s] %d %d" % (code, domain, level, message, s1, s2, s3, i1, i2)


class Events:
    """What callbacks heard, in order."""

    def __init__(self):
        self.heard, self.lock = [], threading.Condition()

    def callback(self, label, tell=show):
        def heard(*args):
            # The connection comes first, what was given at registration last.
            with self.lock:
                self.heard.append("%s %s" % (label, tell(args[1:-1])))
                self.lock.notify()
        return heard

    def watch(self, connection, domain=None, shaped=("RTC_CHANGE",)):
        """Asks for every event that a domain can have; those whose numbers are of the moment without them."""
        for name in sorted(n for n in dir(libvirt) if n.startswith("VIR_DOMAIN_EVENT_ID_")):
            short = name[len("VIR_DOMAIN_EVENT_ID_"):]
            tell = (lambda args: show(shape(args))) if short in shaped else show
            connection.domainEventRegisterAny(domain, getattr(libvirt, name), self.callback(short, tell), None)

    def until(self, *marks):
        """All that was heard up to the event in which every mark is found.

        A firmware resets the machine as often as it takes: reboots only count as marks.
        """
        end = time.monotonic() + PATIENCE
        with self.lock:
            while True:
                for i, text in enumerate(self.heard):
                    if all(m in text for m in marks):
                        out, self.heard = self.heard[: i + 1], self.heard[i + 1:]
                        return [e for e in out[:-1] if not e.startswith("REBOOT ")] + out[-1:]
                left = end - time.monotonic()
                if left <= 0:
                    return self.heard + ["no event with %s" % (marks,)]
                self.lock.wait(left)


def kill(domain):
    """Kills the machine's process."""
    with open(os.path.join(os.environ["XDG_RUNTIME_DIR"], "libvirt/qemu/run", domain.name() + ".pid")) as f:
        os.kill(int(f.read()), signal.SIGKILL)


def event_name(args):
    """Of a monitor's event only which one it was."""
    return args[1]


def pump():
    while True:
        libvirt.virEventRunDefaultImpl()


def connect(uri="qemu:///session", read_only=False):
    return libvirt.openReadOnly(uri) if read_only else libvirt.open(uri)


def await_state(domain, *wanted):
    """The state and its reason, once the state is one of those that are wanted."""
    end = time.monotonic() + PATIENCE
    while domain.state()[0] not in wanted and time.monotonic() < end:
        time.sleep(0.02)
    return domain.state()


def file(name):
    with open(name) as f:
        return f.read()


def run(names, line):
    try:
        code = compile(line, "script", "eval")
    except SyntaxError:
        exec(compile(line, "script", "exec"), names)
        return "done"
    value = eval(code, names)
    # A document is easier to compare by lines.
    return value if isinstance(value, str) and "\n" in value else show(value)


def main():
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=pump, daemon=True).start()
    names = {
        "libvirt": libvirt, "libvirt_qemu": libvirt_qemu, "os": os, "time": time, "io": io, "json": json,
        "connect": connect, "events": Events(), "shape": shape, "rising": rising, "file": file, "part": part,
        "no_processor": no_processor, "anyway": anyway, "press": press, "kill": kill, "event_name": event_name, "ready": ready, "read_until": read_until,
        "await_state": await_state,
    }
    for line in sys.stdin:
        try:
            answer = {"ok": True, "text": run(names, json.loads(line)["line"])}
        except libvirt.libvirtError as e:
            answer = {"ok": False, "text": error(e)}
        except Exception as e:
            answer = {"ok": False, "text": "%s: %s" % (type(e).__name__, e)}
        print(json.dumps(answer), flush=True)


main()
