"""Jupyter's own kernel tests, run against the installed virtlab kernel. Prints one line for each test."""

import sys
import unittest

import jupyter_kernel_test
from jupyter_client.manager import start_new_kernel

DISPLAY = '(globalThis as any)[Symbol.for("virtlab.display")]({ "text/html": "<b>bold</b>", "text/plain": "bold" })'


class VirtlabKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "virtlab"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world")'
    code_stderr = 'console.error("oops")'
    code_generate_error = 'throw new Error("oops")'
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "[1, 2].map((n) => n * 2)", "result": "[ 2, 4 ]"},
        {"code": "[1, 2].map((n) => n * 2)", "result": "[ 2, 4 ]"},
        {"code": "({ a: 1 })", "result": "{ a: 1 }"},
        {"code": "[3].map((n) => n * 2)", "result": "[ 6 ]"},
    ]
    code_display_data = [{"code": DISPLAY, "mime": "text/html"}]
    code_clear_output = '(globalThis as any)[Symbol.for("virtlab.clear")](false)'
    code_inspect_sample = "parseInt"
    code_page_something = "parseInt?"
    code_history_pattern = "[[]1, 2*"
    supported_history_operations = ("tail", "range", "search")
    completion_samples = [
        {"text": "JSON.pars", "matches": {"parse"}},
        {"text": "const complete = 1; encodeURIComp", "matches": {"encodeURIComponent"}},
    ]
    complete_code_samples = ["1", "const a = 1;", "function f() { return 1; }"]
    incomplete_code_samples = ["function f() {", "`text", "[1, 2"]
    invalid_code_samples = ["let = = 1", "1)"]

    def test_stop_on_error(self):
        self.flush_channels()
        # The first takes long enough for the others to be sent before it fails.
        first = 'await new Promise((done) => setTimeout(done, 300)); throw new Error("first")'
        ids = [self.kc.execute(code) for code in (first, "1", "2")]
        replies = {}
        while len(replies) < len(ids):
            reply = self.get_non_kernel_info_reply(timeout=15)
            replies[reply["parent_header"]["msg_id"]] = reply["content"]["status"]
        self.assertEqual([replies[each] for each in ids], ["error", "aborted", "aborted"])
        self.flush_channels()
        reply, _ = self.execute_helper("1")
        self.assertEqual(reply["content"]["status"], "ok")

    def test_interrupt_keeps_the_kernel(self):
        for mode in ("message", "signal"):
            with self.subTest(mode=mode):
                self.execute_helper("var kept = 42")
                self.flush_channels()
                self.kc.execute("while (true) {}")
                # Whatever the kernelspec says, both ways work.
                self.km.kernel_spec.interrupt_mode = mode
                self.wait_for("busy")
                self.km.interrupt_kernel()
                reply = self.get_non_kernel_info_reply(timeout=5)
                self.assertEqual(reply["content"]["ename"], "Interrupted")
                self.flush_channels()
                reply, outputs = self.execute_helper("kept")
                self.assertEqual(reply["content"]["status"], "ok", reply["content"])
                self.assertEqual(outputs[0]["content"]["data"]["text/plain"], "42")

    def wait_for(self, state):
        while True:
            message = self.kc.get_iopub_msg(timeout=5)
            if message["content"].get("execution_state") == state:
                return

    def test_astral_cursor(self):
        self.flush_channels()
        code = "const r = '\N{ROCKET}\N{ROCKET}'; JSON.pars"
        self.kc.complete(code)
        content = self.get_non_kernel_info_reply(timeout=15)["content"]
        self.assertEqual((content["cursor_start"], content["cursor_end"]), (len(code) - 4, len(code)))


class VirtlabWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "virtlab"
    support_iopub_welcome = True


class VirtlabProcessTests(unittest.TestCase):
    def test_restart_forgets_and_shutdown_ends(self):
        manager, client = start_new_kernel(kernel_name="virtlab")
        try:
            client.execute_interactive("var before = 1", timeout=30)
            manager.restart_kernel(now=False)
            client.wait_for_ready(timeout=30)
            shown = []
            client.execute_interactive(
                "typeof (globalThis as any).before", timeout=30, output_hook=lambda message: shown.append(message)
            )
            results = [m["content"]["data"]["text/plain"] for m in shown if m["msg_type"] == "execute_result"]
            self.assertEqual(results, ["'undefined'"])
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=False)
        self.assertFalse(manager.is_alive())


class Lines(unittest.TextTestResult):
    def addSuccess(self, test):
        super().addSuccess(test)
        print(f"passed {test._testMethodName}", flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        print(f"skipped {test._testMethodName}: {reason}", flush=True)

    def addFailure(self, test, error):
        super().addFailure(test, error)
        print(f"failed {test._testMethodName}", flush=True)

    def addError(self, test, error):
        super().addError(test, error)
        print(f"failed {test._testMethodName}", flush=True)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error is not None:
            print(f"failed {test._testMethodName}", flush=True)


unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stderr, resultclass=Lines))
