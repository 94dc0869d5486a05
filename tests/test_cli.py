"""The command line: every command, its help, its exit codes and its messages."""

import re
import subprocess
import sys

import numpy as np
import pytest

import tensordiag as td
from tensordiag import cli

COMMANDS = ["derive", "draw", "einsum", "evaluate", "check"]


def run(capsys, *arguments):
    """(exit code, standard output, standard error) of one command."""
    code = cli.main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_hadamard_product_has_three_right_answers(capsys, tmp_path):
    picture = tmp_path / "hadamard.png"
    code, out, err = run(capsys, "derive", "x∘y∘z", "--wrt", "x", "--draw", str(picture))
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "f = x∘y∘z   with x[n], y[n], z[n]"
    assert lines[2] == "derivative by x: [n, n]"
    assert "  matrix    Diag(y∘z)" in lines
    assert "  map       h ↦ h∘y∘z" in lines
    assert f"  picture   {picture}" in lines
    assert any(line.startswith("  index     ") for line in lines)
    assert any(line.startswith("  einsum    ") for line in lines)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_scalars_are_shown_by_their_names(capsys):
    assert "with a, b, x[n]\n" in run(capsys, "derive", "a*b*x", "--wrt", "x")[1]


def test_labels(capsys):
    assert "gradient by x: [n]" in run(capsys, "derive", "x'*A*x", "--wrt", "x")[1]
    assert "Hessian by x: [n, n]" in run(capsys, "derive", "x'*A*x", "--wrt", "x", "--order", "2")[1]
    third = run(capsys, "derive", "sum(x.^3)", "--wrt", "x", "--order", "3")[1]
    assert "derivative of order 3 by x: [n, n, n]" in third
    assert "gradient by t: a scalar" in run(capsys, "derive", "t^2", "--dims", "t", "--wrt", "t")[1]


def test_several_variables_and_pictures(capsys, tmp_path):
    picture = tmp_path / "p.svg"
    code, out, _ = run(capsys, "derive", "x'*A*x", "--wrt", "x,A", "--draw", str(picture))
    assert code == 0
    assert "gradient by x" in out
    assert "gradient by A" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p-A.svg", "p-x.svg"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["derive", "U*V", "--wrt", "U,V"],
        ["derive", "U*V", "--wrt", "U", "V"],
        ["derive", "U*V", "--wrt", "U,", "V"],
        ["derive", "--dims", "U[m,k] V[k,n]", "U*V", "--wrt", "U", "V", "--layout", "numerator"],
        ["derive", "U*V", "--wrt", "U", "--wrt", "V"],
        ["derive", "--wrt", "U,V", "U*V"],
    ],
)
def test_ways_to_name_several_variables(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (0, "")
    assert re.findall("derivative by (.)", out) == ["U", "V"]


def test_a_formula_that_is_a_name_may_follow_the_variable(capsys):
    assert run(capsys, "derive", "--wrt", "x", "x", "--text") == (0, "I_n\n", "")


def test_kronecker_products_are_shown_where_the_result_is_one(capsys):
    _, out, _ = run(capsys, "derive", "A*X*B", "--wrt", "X")
    assert "matrix    none: the result has 4 legs\n" in out
    assert "kronecker A⊗Bᵀ   (rows count m and q, columns n and p)\n" in out
    assert "kronecker" not in run(capsys, "derive", "X'", "--wrt", "X")[1]


def test_short_answers(capsys):
    assert run(capsys, "derive", "x'*A*x", "--wrt", "x", "--text") == (0, "(A + Aᵀ)x\n", "")
    code, out, _ = run(capsys, "derive", "x'*A*x", "--wrt", "x", "--latex")
    assert code == 0
    assert out.count("\n") == 1
    assert "A" in out


def test_the_direction_of_the_map_has_a_fresh_name(capsys):
    assert re.search(r"map +h1 ↦ ", run(capsys, "derive", "h'*x", "--wrt", "x")[1])


def test_the_layout(capsys):
    dims = ("--dims", "A[m,n] x[n]")
    assert "derivative by x: [m, n]" in run(capsys, "derive", "A*x", "--wrt", "x", *dims)[1]
    assert "derivative by x: [n, m]" in run(capsys, "derive", "A*x", "--wrt", "x", *dims, "--layout", "denominator")[1]


def test_a_formula_may_start_with_a_minus(capsys):
    code, out, _ = run(capsys, "derive", "-x", "--wrt", "x", "--text")
    assert (code, out) == (0, "−I_n\n")


def test_draw(capsys, tmp_path):
    picture = tmp_path / "f.png"
    assert run(capsys, "draw", "x'*A*x", "--out", str(picture))[:2] == (0, f"{picture}\n")
    assert picture.exists()
    assert run(capsys, "draw", "x'*A*x", "--wrt", "x", "-o", str(picture))[0] == 0


def test_einsum(capsys):
    code, out, _ = run(capsys, "einsum", "A*x")
    assert code == 0
    assert "einsum(" in out
    assert "torch" in run(capsys, "einsum", "A*x", "--library", "torch")[1]


def test_evaluate(capsys, tmp_path):
    x, A = np.array([1.0, 2.0]), np.array([[1.0, 2.0], [3.0, 4.0]])
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "all.npz", x=x, A=A, other=x)
    everything = str(tmp_path / "all.npz")
    code, out, err = run(capsys, "evaluate", "x'*A*x", everything)
    assert (code, err) == (0, "")
    assert float(out) == x @ A @ x
    result = tmp_path / "result.npy"
    code, out, _ = run(capsys, "evaluate", "a*x'*A*x", everything, "a=0.5", "--wrt", "x", "--out", str(result))
    assert (code, out) == (0, f"{result}\n")
    np.testing.assert_allclose(np.load(result), 0.5 * (A + A.T) @ x)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.npz", "result.npy", "x.npy"]
    assert float(run(capsys, "evaluate", "sum(x)", f"x={tmp_path / 'x.npy'}")[1]) == 3.0
    assert float(run(capsys, "evaluate", "sum(𝟏_n)", "--sizes", "n=4")[1]) == 4.0


def test_check(capsys):
    code, out, _ = run(capsys, "check", "norm2(A*x)^2", "--wrt", "x,A")
    assert code == 0
    assert re.fullmatch(r"x: ok, largest relative error \S+\nA: ok, largest relative error \S+\n", out)


def test_a_failed_check_exits_with_1(capsys, monkeypatch):
    from tensordiag import testing

    def refute(*args, **options):
        raise AssertionError("far off")

    monkeypatch.setattr(testing, "check_derivative", refute)
    assert run(capsys, "check", "x'*x", "--wrt", "x") == (1, "", "tensordiag: the derivative by x is wrong: far off\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["derive", "x*y", "--wrt", "x"], "cannot multiply the column x by the column y"),
        (["derive", "(x", "--wrt", "x"], "this '(' is never closed\n  (x\n  ^"),
        (["derive", "A*x", "--wrt", "x", "--dims", "A[m,n] x[m]"], "leg 1 of A has dimension n, but leg 0 of x"),
        (["derive", "A*x", "--wrt", "x", "--dims", "A[m"], "a declaration is a name with dimensions"),
        (["derive", "x'*x", "--wrt", "y"], "cannot differentiate by 'y'"),
        (["derive", "x'*x", "--wrt", "x,"], "--wrt takes names separated by commas"),
        (["derive", "", "--wrt", "x"], "the text is empty"),
        (["draw", "x", "--wrt", "x,y", "--out", "f.png"], "--wrt takes one variable here, not x, y"),
        (["evaluate", "sum(x)", "x=missing.npy"], "missing.npy: No such file or directory"),
        (["evaluate", "sum(x)", "missing.npz"], "missing.npz: No such file or directory"),
        (["evaluate", "sum(x)", "x"], "an array is NAME=FILE.npy"),
        (["evaluate", "sum(x)", "x=1", "x=2"], "the array x is given twice"),
        (["evaluate", "sum(x)", "--sizes", "n"], "a size is NAME=NUMBER"),
    ],
)
def test_wrong_input_exits_with_1(capsys, arguments, message):
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert message in err
    assert err.startswith("tensordiag: ")
    assert "Traceback" not in err
    assert out == ""


def test_pickles_are_refused(capsys, tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    error = run(capsys, "evaluate", "sum(x)", f"x={path}")[2]
    assert error == f"tensordiag: {path} is no .npy or .npz file of numbers\n"
    path.write_bytes(b"nonsense")
    assert run(capsys, "evaluate", "sum(x)", f"x={path}")[0] == 1
    np.savez(tmp_path / "x.npz", x=np.ones(2))
    assert "give it without x=" in run(capsys, "evaluate", "sum(x)", f"x={tmp_path / 'x.npz'}")[2]


def test_paths_that_cannot_be_written(capsys, tmp_path):
    missing = tmp_path / "missing" / "f.png"
    code, _, err = run(capsys, "draw", "x'*x", "--out", str(missing))
    assert code == 1
    assert str(missing) in err
    code, _, err = run(capsys, "draw", "x'*x", "--out", str(tmp_path / "f.nonsense"))
    assert code == 1
    assert "nonsense" in err
    np.save(tmp_path / "x.npy", np.ones(2))
    code, _, err = run(capsys, "evaluate", "x", f"x={tmp_path / 'x.npy'}", "--out", str(tmp_path / "missing" / "v.npy"))
    assert (code, err) == (1, f"tensordiag: cannot write {tmp_path / 'missing' / 'v.npy'}: No such file or directory\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["derive", "x"],
        ["derive", "x", "--wrt"],
        ["draw", "x"],
        ["derive", "x", "--wrt", "x", "--order", "0"],
        ["derive", "x", "--unknown"],
    ],
)
def test_wrong_usage_exits_with_2(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("usage: tensordiag")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples(capsys, command):
    code, out, _ = run(capsys, command, "--help")
    assert code == 0
    assert f"examples:\n  tensordiag {command} " in out


def test_help_and_version(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    for command in COMMANDS:
        assert f"\n    {command} " in out
    assert run(capsys, "--version")[:2] == (0, f"tensordiag {td.__version__}\n")


def test_an_interrupt_and_a_closed_pipe_leave_no_traceback(capsys, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_read", interrupt)
    assert run(capsys, "einsum", "x") == (130, "", "tensordiag: interrupted\n")
    command = [sys.executable, "-m", "tensordiag", "--help"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_the_command_line_loads_nothing_heavy_for_its_help():
    script = (
        "import sys; from tensordiag.cli import main; main(['--help']); "
        "sys.exit('matplotlib' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=False).returncode == 0
