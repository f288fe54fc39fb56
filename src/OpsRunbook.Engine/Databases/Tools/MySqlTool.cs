using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>A program of MariaDB or MySQL (<c>mariadb-dump</c>, <c>mariadb</c>) on the database's host.</summary>
/// <param name="target">The server.</param>
/// <param name="programs">Names of the program; the first one that is there is taken.</param>
internal sealed class MySqlTool(DatabaseTarget target, params string[] programs)
{
    private const string Script = """
        for p in $1; do command -v "$p" >/dev/null 2>&1 && break; p=; done
        [ -n "$p" ] || exit 127
        shift
        exec "$p" "$@"
        """;

    /// <summary>Program and version, as it says; null when there is none.</summary>
    /// <param name="cancellationToken">Ends the question.</param>
    /// <returns>One line.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>.</exception>
    public async Task<string> VersionAsync(CancellationToken cancellationToken)
    {
        var result = await target.Host.RunAsync(new HostCommand("sh", "-c", Script, "sh", string.Join(' ', programs), "--version"), cancellationToken);
        return result.Succeeded ? System.IO.Path.GetFileName(result.Summary) : throw ProcessRunner.NotFound(target.Host.Name, string.Join(" or ", programs));
    }

    /// <summary>A call of the program, connected to the server.</summary>
    /// <param name="offersTls">The server can encrypt.</param>
    /// <param name="arguments">Its arguments, without those for the connection.</param>
    /// <returns>The command. What follows on standard input reaches the program.</returns>
    public HostCommand Command(bool offersTls, params IEnumerable<string> arguments) =>
        SecretCommand.Of(MySqlSession.OptionFile(target, offersTls), ["sh", "-c", Script, "sh", string.Join(' ', programs), $"--defaults-file={SecretCommand.Path}", .. arguments]);
}
