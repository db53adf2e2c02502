"""What the test found: checks that pass or fail, notes, tables."""


class Report:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, good, what, detail=""):
        print(f"{'ok  ' if good else 'FAIL'} {what}{': ' + detail if detail else ''}", flush=True)
        self.passed += bool(good)
        self.failed += not good
        return good

    @staticmethod
    def note(text):
        print(f"     {text}", flush=True)

    def close(self):
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 0 if self.failed == 0 and self.passed > 0 else 1


def table(head, rows):
    cells = [head, *[[str(c) for c in row] for row in rows]]
    widths = [max(len(row[k]) for row in cells) for k in range(len(head))]
    for row in cells:
        print("  " + "  ".join(c.ljust(w) if k == 0 else c.rjust(w)
                               for k, (c, w) in enumerate(zip(row, widths))), flush=True)
