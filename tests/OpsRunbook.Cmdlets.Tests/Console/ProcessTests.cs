using System.Diagnostics;
using System.Globalization;

namespace OpsRunbook.Cmdlets.Tests.Runner;

/// <summary>The runner as a process of its own: pipes, signals, a real shell.</summary>
public sealed class ProcessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly string Command = $"dotnet '{typeof(ProcessTests).Assembly.Location}'";

    [Fact]
    public async Task A_reader_that_has_seen_enough_ends_the_work_quietly()
    {
        var (code, output, error) = await Bash($"{Command} Watch-Test | head -2; echo \"${{PIPESTATUS[0]}}\"");
        Assert.Equal((0, "line 1\nline 2\n0\n", "cleaned up\n"), (code, output, error));
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_lets_the_work_clean_up(string signal, int exitCode)
    {
        // Bash leaves SIGINT ignored in background jobs unless job control is on.
        var (_, output, error) = await Bash(
            $"set -m; {Command} Watch-Test -OutputFormat Json > >(cat) & for i in {{1..200}}; do sleep 0.1; kill -0 $! && [ $i -gt 15 ] && break; done; kill -{signal} $!; wait $!; echo \"exit $?\" >&2");
        Assert.Contains("cleaned up", error, StringComparison.Ordinal);
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"exit {exitCode}"), error, StringComparison.Ordinal);
        Assert.EndsWith("]\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_are_piped()
    {
        var (code, output, _) = await Bash($"set -o pipefail; {Command} Get-Plate -Count 2 -OutputFormat NdJson | {Command} Stop-Plate -Confirm:false");
        Assert.Equal((0, "stopped p1, \"x\" Green\nstopped p2, \"x\" Green\nend\n"), (code, output));
    }

    [Fact]
    public async Task Standard_input_that_nobody_writes_to_holds_nothing_up()
    {
        // As under ssh without a terminal: an open pipe without data.
        var (code, output, _) = await Bash($"{Command} Test-Binding -Port 80", closeInput: false);
        Assert.Equal((0, "Port=80\n"), (code, output));
    }

    [Fact]
    public async Task A_full_disk_is_an_error()
    {
        var (code, _, error) = await Bash($"{Command} Get-Plate > /dev/full");
        Assert.Equal(1, code);
        Assert.Contains("[Output.NotWritten]", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("opsrunbook Test-Bi", "Test-Binding")]
    [InlineData("opsrunbook help Test-Bi", "Test-Binding")]
    [InlineData("opsrunbook Test-Binding -Tim", "-Timeout")]
    [InlineData("opsrunbook Test-Binding -Colour G", "Green Grey")]
    [InlineData("opsrunbook Test-Binding -Colour Red,Gree", "Red,Green")]
    [InlineData("opsrunbook Test-Binding -Method ", "get head")]
    [InlineData("opsrunbook Test-Binding -OutputFormat N", "NdJson")]
    [InlineData("opsrunbook Stop-Plate -Confirm:f", "false")]
    [InlineData("opsrunbook completion ", "bash")]
    public async Task Bash_completes(string line, string expected)
    {
        var script = $$"""
            opsrunbook() { {{Command}} "$@"; }
            source <(opsrunbook completion bash)
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}}
            _opsrunbook 2>/dev/null
            IFS=' '; echo "${COMPREPLY[*]}"
            """;
        var (_, output, _) = await Bash(script);
        Assert.Equal(expected, output.Trim());
    }

    private static async Task<(int Code, string Output, string Error)> Bash(string script, bool closeInput = true)
    {
        // Whoever runs the tests in the background may have SIGINT ignored, which a shell cannot undo.
        using var process = Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", "bash", "-c", script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        if (closeInput)
        {
            process.StandardInput.Close();
        }

        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return (process.ExitCode, await output, await error);
    }
}
