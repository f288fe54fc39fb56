namespace OpsRunbook.Engine.Hosts;

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Exit code; 128 + n for signal n.</param>
/// <param name="StandardOutput">Output as UTF-8; invalid bytes replaced.</param>
/// <param name="StandardError">Error output as UTF-8; invalid bytes replaced.</param>
/// <param name="Truncated">The output was longer than allowed and is not complete.</param>
public sealed record CommandResult(int ExitCode, string StandardOutput, string StandardError, bool Truncated = false)
{
    /// <summary>The command exited with 0.</summary>
    public bool Succeeded => ExitCode == 0;

    /// <summary>First line of the error output, or of the output when there is none; for messages.</summary>
    public string Summary =>
        (StandardError.Trim().Length > 0 ? StandardError : StandardOutput).Trim().Split('\n')[0].Trim();
}
