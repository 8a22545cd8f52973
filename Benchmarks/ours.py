"""Our library, as a process that is asked to compute and time things."""
import os
import pathlib
import subprocess
import tempfile

from safetensors.torch import load_file, save_file


class Ours:
    """The program `Times`, run with some environment variables of its own."""
    def __init__(self, threads, **environment):
        program = pathlib.Path(__file__).parent / ".build/release/Times"
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | environment)
        self.ask(f"threads {threads}")

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def load(self, case, tensors):
        """Takes what is to be timed and returns its results."""
        with tempfile.TemporaryDirectory() as folder:
            save_file(tensors, f"{folder}/in.safetensors", {key: str(value) for key, value in vars(case).items()})
            self.ask(f"load {folder}/in.safetensors")
            self.ask(f"save {folder}/out.safetensors")
            results = load_file(f"{folder}/out.safetensors")
            order = ["output"] if "output" in results else [name for name in tensors if name in results]
            return [results[name].numpy() for name in order]

    def times(self, count):
        return [float(value) for value in self.ask(f"time {count}").split()]
