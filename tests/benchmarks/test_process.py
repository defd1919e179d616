import sys

from benchmarks.process import run

MIB = 1 << 20


def test_memory_is_the_childs_own_and_not_that_of_the_process_that_measures():
    weight = bytearray(300 * MIB)
    small = run([sys.executable, "-c", "pass"])
    assert len(weight) == 300 * MIB
    assert 3 < small.usage.peak_mib < 60
    large = run([sys.executable, "-c", f"x = bytearray(150 * {MIB})"])
    assert 150 < large.usage.peak_mib < 210


def test_memory_of_a_grandchild_counts():
    inner = f"bytearray(150 * {MIB})"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}], check=True)"
    assert run([sys.executable, "-c", outer]).usage.peak_mib > 150


def test_input_output_exit_code_and_folder_pass_through(tmp_path):
    code = "import os, sys; print(sys.stdin.read().upper(), os.getcwd()); print('no', file=sys.stderr); sys.exit(3)"
    ended = run([sys.executable, "-c", code], text="words", folder=tmp_path)
    assert ended.output == f"WORDS {tmp_path}\n"
    assert ended.errors == "no\n"
    assert ended.usage.code == 3
    assert ended.usage.cpu_seconds > 0


def test_a_program_that_is_not_there_is_reported_and_not_raised():
    ended = run(["no-such-program"])
    assert ended.usage.code == 127
    assert ended.errors == "no-such-program: No such file or directory\n"
