using System.Text;

namespace OpsRunbook.Engine.Hosts;

/// <summary>How a command ended, with its output as bytes.</summary>
/// <param name="ExitCode">Exit code; 128 + n for signal n.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Truncated">Output was thrown away because there was too much of it.</param>
/// <param name="TimedOut">The command was ended at its time limit; the output is what it said until then.</param>
internal sealed record RawResult(int ExitCode, byte[] Output, byte[] Error, bool Truncated, bool TimedOut)
{
    /// <summary>Standard error as text, for messages.</summary>
    public string ErrorText => Encoding.UTF8.GetString(Error);

    public CommandResult ToCommandResult() => new(ExitCode, Encoding.UTF8.GetString(Output), ErrorText, Truncated);
}
