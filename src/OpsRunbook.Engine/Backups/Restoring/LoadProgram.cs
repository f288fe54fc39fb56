using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>Runs the programs that load dumps, and says why one failed.</summary>
internal static class LoadProgram
{
    private const int NotFound = 127;

    /// <summary>Runs a program to its end.</summary>
    /// <param name="host">Its host.</param>
    /// <param name="command">The command.</param>
    /// <param name="program">Name of the program, for messages.</param>
    /// <param name="what">What it reads, for messages.</param>
    /// <param name="cancellationToken">Ends the program.</param>
    /// <returns>A task.</returns>
    /// <exception cref="OpsException"><c>Backup.ToolMissing</c>, <c>Backup.LoadFailed</c>.</exception>
    public static async Task RunAsync(IHost host, HostCommand command, string program, string what, CancellationToken cancellationToken)
    {
        await using var running = await host.StartAsync(command, cancellationToken);
        await running.Output.CopyToAsync(Stream.Null, cancellationToken);
        var result = await running.EndAsync(cancellationToken);
        if (result.ExitCode == NotFound)
        {
            throw ToolMissing(host, program);
        }

        if (!result.Succeeded)
        {
            throw new OpsException(
                "Backup.LoadFailed",
                OpsErrorKind.OperationFailed,
                $"{program} could not load {what}: {Cause(result.StandardError)}",
                "See whether the set is whole with Test-DbBackup -Level Stream, and whether the server has the version, extensions and space that it needs.",
                what);
        }
    }

    public static OpsException ToolMissing(IHost host, string program) => new(
        "Backup.ToolMissing",
        OpsErrorKind.NotInstalled,
        $"{program} is not installed on {host.Name}, and this kind of dump needs it.",
        "Install the client programs there, such as the package postgresql-client or mariadb-client.",
        program);

    // The first error is the cause. The lines around it quote statements and rows, which may hold anything.
    private static string Cause(string says)
    {
        var lines = says.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var line = Array.Find(lines, line => line.Contains("error:", StringComparison.OrdinalIgnoreCase) || line.StartsWith("ERROR", StringComparison.Ordinal)) ?? (lines.Length > 0 ? lines[0] : "it said nothing.");
        var message = Array.Find(lines, other => other.StartsWith("FATAL", StringComparison.Ordinal));
        return (message ?? line) is { Length: > 300 } text ? text[..300] + "…" : message ?? line;
    }
}
