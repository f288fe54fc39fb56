using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// A program of PostgreSQL (<c>pg_dump</c>, <c>pg_restore</c>, <c>psql</c>) where it can reach a server: on the database's
/// host, or on this machine through a port of ours.
/// </summary>
internal sealed partial class PostgreSqlTool : IAsyncDisposable
{
    // The watcher keeps none of the program's output open, starts nothing itself and is waited for: in a container a process without a parent falls to the
    // server, which takes one that was ended by a signal for one of its own that has failed, and ends all sessions.
    private const string WatchText = """
        exec 3<&0
        "$@" </dev/null 3<&- &
        p=$!
        { while read -r x; do :; done <&3; kill "$p"; } >/dev/null 2>&1 &
        w=$!
        wait "$p"
        s=$?
        kill "$w" 2>/dev/null
        wait "$w" 2>/dev/null
        exit $s
        """;

    private readonly DatabaseTarget _target;
    private readonly string _program;
    private readonly PortForward? _forward;

    private PostgreSqlTool(DatabaseTarget target, string program, IHost host, string version, PortForward? forward)
    {
        _target = target;
        _program = program;
        Host = host;
        Version = version;
        _forward = forward;
    }

    /// <summary>Host that it runs on.</summary>
    public IHost Host { get; }

    /// <summary>Program and version: <c>pg_dump 15.4</c>.</summary>
    public string Version { get; }

    /// <summary>First number of the version; 0 when it could not be read.</summary>
    public int Major => VersionNumber().Match(Version) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;

    /// <summary>Finds the program.</summary>
    /// <param name="target">The server.</param>
    /// <param name="program">Name of the program.</param>
    /// <param name="wanted">Host that it must run on, because it reads or writes files there; null for any.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    /// <returns>The program; dispose it.</returns>
    /// <exception cref="OpsException"><c>Host.CommandNotFound</c>, <c>Db.ToolNotReaching</c>.</exception>
    public static async Task<PostgreSqlTool> OpenAsync(DatabaseTarget target, string program, IHost? wanted, CancellationToken cancellationToken)
    {
        if (wanted is not null && wanted.Name != target.Host.Name && wanted is not LocalHost)
        {
            throw new OpsException(
                "Db.ToolNotReaching",
                OpsErrorKind.InvalidArgument,
                $"{program} would have to run on {wanted.Name}, where the files are, and reach {target.Text} from there.",
                "Use a format that streams, such as PostgreSqlCustom, or a folder on this machine or on the database's host.",
                target.Text);
        }

        if (wanted is null || wanted.Name == target.Host.Name)
        {
            try
            {
                return new PostgreSqlTool(target, program, target.Host, await VersionAsync(target.Host, program, cancellationToken), null);
            }
            catch (OpsException error) when (error.Id == "Host.CommandNotFound" && wanted is null && target.Host is not LocalHost)
            {
                // An image or a machine with the server alone; this machine may have the client.
            }
        }

        var local = wanted ?? new LocalHost();
        return new PostgreSqlTool(target, program, local, await VersionAsync(local, program, cancellationToken), new PortForward(target.ConnectAsync));
    }

    /// <summary>A call of the program, connected to the server.</summary>
    /// <param name="database">Database that it connects to.</param>
    /// <param name="arguments">Its arguments, without those for the connection.</param>
    /// <returns>The command. What follows on standard input reaches the program.</returns>
    public HostCommand Command(string database, params IEnumerable<string> arguments)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGPASSFILE"] = SecretCommand.Path,
            ["PGDATABASE"] = database,
            ["PGAPPNAME"] = "OpsRunbook",
            ["PGCONNECT_TIMEOUT"] = Math.Max(2, Math.Ceiling(_target.Timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = _target.User ?? "postgres",
        };
        if (_forward is { } forward)
        {
            // The name is what a certificate is checked against.
            environment["PGHOST"] = _target.Socket is null ? _target.Server : "localhost";
            environment["PGHOSTADDR"] = "127.0.0.1";
            environment["PGPORT"] = forward.Port.ToString(CultureInfo.InvariantCulture);
        }
        else
        {
            environment["PGHOST"] = _target.Socket is { } socket ? System.IO.Path.GetDirectoryName(socket)! : _target.Server;
            environment["PGPORT"] = _target.Port.ToString(CultureInfo.InvariantCulture);
        }

        if (_target.Database.Tls is { } tls)
        {
            environment["PGSSLMODE"] = tls;
        }

        if (_target.Database.TlsCa is { } authority)
        {
            environment["PGSSLROOTCERT"] = authority;
        }

        var secret = _target.Password is { } password
            ? "*:*:*:*:" + password.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal)
            : string.Empty;
        return SecretCommand.Of(secret, [_program, .. arguments]) with { Environment = environment };
    }

    /// <summary>The same for a program that writes files itself: it ends when standard input does, and so never outlives us.</summary>
    /// <param name="database">Database that it connects to.</param>
    /// <param name="arguments">Its arguments, without those for the connection.</param>
    /// <returns>The command. Keep its standard input open for as long as it shall work.</returns>
    public HostCommand WatchedCommand(string database, params IEnumerable<string> arguments)
    {
        var command = Command(database, arguments);
        var program = command.Arguments.AsSpan().IndexOf(_program);
        return command with { Arguments = [.. command.Arguments[..program], "sh", "-c", WatchText, "sh", .. command.Arguments[program..]] };
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_forward is not null)
        {
            await _forward.DisposeAsync();
        }
    }

    private static async Task<string> VersionAsync(IHost host, string program, CancellationToken cancellationToken)
    {
        var result = await host.RunAsync(new HostCommand(program, "--version"), cancellationToken);
        var match = VersionNumber().Match(result.StandardOutput);
        return match.Success ? $"{program} {match.Value}" : result.Summary;
    }

    [GeneratedRegex(@"(\d+)(\.\d+)*", RegexOptions.NonBacktracking)]
    private static partial Regex VersionNumber();
}
