"""The Jupyter console on a pseudo-terminal, with the installed virtlab kernel. Prints one line for each step."""

import os
import re
import sys
import time

import pexpect

ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\].*?\x07|[()].|[=>78])")


class Console:
    def __init__(self):
        # Without answers to the terminal's cursor questions the console waits two seconds for them.
        env = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1", "PAGER": "cat"}
        command = ["-m", "jupyter_console", "--kernel=virtlab", "--ZMQTerminalInteractiveShell.true_color=False"]
        self.child = pexpect.spawn(sys.executable, command, env=env, encoding="utf8", timeout=60, dimensions=(50, 160))

    def until(self, pattern):
        """Reads on until the pattern stands in what came, without its escape codes; returns all of it."""
        seen = ""
        while not re.search(pattern, ESCAPES.sub("", seen).replace("\r", ""), re.M):
            try:
                seen += self.child.read_nonblocking(4096, timeout=60)
            except (pexpect.TIMEOUT, pexpect.EOF) as error:
                shown = ESCAPES.sub("", seen).replace("\r", "")
                raise AssertionError(f"{pattern!r} did not come ({type(error).__name__}) but {shown!r}") from None
        return ESCAPES.sub("", seen).replace("\r", "")

    def type(self, text):
        self.child.send(text)

    def run(self, code, pattern):
        self.type(code + "\r")
        return self.until(pattern)


console = Console()


def banner():
    seen = console.until(r"^In \[1\]: ")
    assert re.search(r"^virtlab \d.*TypeScript \d.*Node\.js \d", seen, re.M), seen


def result():
    console.run("const n: number = 6", r"In \[2\]: $")
    console.run("n * 7", r"^Out\[2\]: 42\n(.*\n)*In \[3\]: $")


def several_lines():
    # Enter goes on where the statement does.
    console.run("function f() {", r"^ +\.\.\.: +$")
    console.run("return n;", r"return n;\n +\.\.\.: +$")
    console.run("}", r"In \[4\]: $")
    console.run("f()", r"^Out\[4\]: 6\n(.*\n)*In \[5\]: $")


def type_error():
    console.run("n.x", r"^In\[5\]:1:3 - error TS2339: Property 'x' does not exist on type 'number'\.\n(.*\n)*In \[6\]: $")


def error():
    console.run('throw new RangeError("too far")', r"^RangeError: too far\n(.*\n)*In \[7\]: $")


def completion():
    console.type("JSON.pars\t")
    console.until(r"JSON\.parse")
    console.run('("[7]")', r"^Out\[7\]: \[ 7 \]\n(.*\n)*In \[8\]: $")


def interrupt():
    console.run('let kept = 1; console.log("at it"); while (true) kept = 2;', r"^at it$")
    console.child.sendintr()
    console.until(r"^(\^C)?Interrupted: (.*\n)*In \[9\]: $")
    console.run("kept", r"^Out\[9\]: 2\n(.*\n)*In \[10\]: $")


def documentation():
    console.run("parseInt?", r"Converts a string to an integer\.(.*\n)*In \[11\]: $")


def plot():
    axes = 'x: { label: "n", unit: "" }, y: { label: "time", unit: "ms" }'
    series = '[{ name: "measured", mark: "line", x: [1, 2], y: [3, 4] }]'
    view = f'({{ as: "plot", title: "Does it show?", caption: "Two points", {axes}, series: {series} }})'
    seen = console.run(view, r"^Out\[11\]: (.*\n)*In \[12\]: $")
    assert "Two points" in seen and "measured" in seen, seen


def leaving():
    # The kernel's process is a child of the console's; it says which it is.
    seen = console.run("process.pid", r"^Out\[12\]: \d+\n(.*\n)*In \[13\]: $")
    kernel = int(re.search(r"^Out\[12\]: (\d+)$", seen, re.M)[1])
    # Ctrl-D, as shells have it.
    console.type("\x04")
    console.until(r"Do you really want to exit")
    console.type("y\r")
    console.child.expect(pexpect.EOF)
    console.child.close()
    for _ in range(100):
        try:
            os.kill(kernel, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    raise AssertionError(f"the kernel {kernel} lives on")


# Each goes on where the one before it ended.
try:
    for each in (banner, result, several_lines, type_error, error, completion, interrupt, documentation, plot, leaving):
        each()
        print(f"passed {each.__name__}", flush=True)
except AssertionError as failure:
    sys.exit(f"failed {each.__name__}: {failure}")
finally:
    console.child.close(force=True)
