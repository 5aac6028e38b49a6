"""Types into the stock docker at a terminal: python3 docker_terminal.py DOCKER."""

import sys

import pexpect

docker = sys.argv[1]


def spawn(*args):
    child = pexpect.spawn(docker, list(args), encoding="utf-8", timeout=20, dimensions=(30, 100))
    child.delaybeforesend = 0.02
    return child


# A shell on a terminal: its size, its echo, its status.
shell = spawn("run", "-it", "--name", "typed", "alpine", "sh")
shell.expect("# ")
shell.sendline("tty; echo sum $((40 + 2))")
shell.expect(r"/dev/pts/\d+\r\nsum 42\r\n")
shell.expect("# ")
shell.sendline("sleep 30")
shell.sendintr()
shell.expect("# ")
shell.sendline("exit 5")
shell.expect(pexpect.EOF)
shell.close()
assert shell.exitstatus == 5, shell.exitstatus

# Ctrl-P Ctrl-Q leaves a container that goes on; attach comes back to it.
shell = spawn("start", "-ai", "typed")
shell.expect("# ")
shell.send("\x10\x11")
shell.expect(pexpect.EOF)
shell.close()
shell = spawn("attach", "typed")
shell.sendline("echo again $((1 + 1))")
shell.expect("again 2\r\n")
other = spawn("exec", "-it", "typed", "sh", "-c", "read line; echo got $line; exit 3")
other.sendline("words")
other.expect("got words\r\n")
other.expect(pexpect.EOF)
other.close()
assert other.exitstatus == 3, other.exitstatus
shell.sendline("exit")
shell.expect(pexpect.EOF)
shell.close()
assert shell.exitstatus == 0, shell.exitstatus
print("typed well")
