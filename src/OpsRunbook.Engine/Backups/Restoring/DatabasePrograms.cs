using System.Globalization;
using System.Text;
using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// The database programs of a host (<c>pg_restore</c>, <c>psql</c>, <c>mariadb</c>) with a login. It travels through standard input:
/// no argument, variable or named file ever holds it.
/// </summary>
internal static class DatabasePrograms
{
    /// <summary>Exit code when the program is not installed.</summary>
    public const int NotFound = 127;

    private static readonly TimeSpan Unlimited = TimeSpan.FromDays(7);

    // libpq wants an ordinary file for its passwords, and reads it again for every connection. This one has lost its name before anything is
    // written to it, so that nothing is left of it whatever ends the program.
    private const string PostgreSqlScript = """
        umask 077
        f=$(mktemp) || exit 73
        exec 4<>"$f"
        rm -f -- "$f"
        while IFS= read -r line && [ "$line" != "#end" ]; do printf '%s\n' "$line" >&4; done
        PGPASSFILE=/dev/fd/4 exec "$@"
        """;

    // As for a session: the options reach the program through a pipe, what follows them stays on standard input.
    private const string MySqlScript = """
        client=
        for c in $1; do if command -v "$c" >/dev/null 2>&1; then client=$c; break; fi; done
        [ -n "$client" ] || exit 127
        shift
        options=
        while IFS= read -r line && [ "$line" != "#end" ]; do
          options="$options$line
        "
        done
        exec 3<&0
        printf '%s' "$options" | { exec 4<&0; exec "$client" --defaults-file=/dev/fd/4 "$@" <&3 3<&-; }
        """;

    /// <summary>A program of PostgreSQL, logged in to a database.</summary>
    /// <param name="target">The server.</param>
    /// <param name="database">The database.</param>
    /// <param name="options">Settings of the session: <c>-c synchronous_commit=off</c>; empty for none.</param>
    /// <param name="arguments">Program and arguments.</param>
    /// <returns>The command, whose further input is the program's own.</returns>
    /// <exception cref="OpsException"><c>Db.OptionTooLong</c>: the password cannot be given to the program.</exception>
    public static HostCommand PostgreSql(DatabaseTarget target, string database, string options, IReadOnlyList<string> arguments)
    {
        if (target.Password?.AsSpan().IndexOfAny('\n', '\r', '\0') >= 0)
        {
            throw new OpsException("Db.OptionTooLong", OpsErrorKind.InvalidArgument, $"The password for {target.Text} has more than one line, which no program of PostgreSQL can read.", null, target.Text);
        }

        var password = target.Password?.Replace("\\", @"\\", StringComparison.Ordinal).Replace(":", @"\:", StringComparison.Ordinal);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PGHOST"] = target.Database.Socket is null ? target.Server : Path.GetDirectoryName(target.Socket)!,
            ["PGPORT"] = target.Port.ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = target.User ?? "postgres",
            ["PGDATABASE"] = database,
            ["PGSSLMODE"] = target.Database.Tls ?? "prefer",
            ["PGCONNECT_TIMEOUT"] = Math.Max(2, Math.Ceiling(target.Timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture),
            ["PGAPPNAME"] = "OpsRunbook restore",
            ["PGOPTIONS"] = options,
            ["PGCLIENTENCODING"] = "UTF8",
            ["LC_ALL"] = "C",
        };
        if (target.Database.TlsCa is { } ca)
        {
            environment["PGSSLROOTCERT"] = ca;
        }

        return new HostCommand(["sh", "-c", PostgreSqlScript, "sh", .. arguments])
        {
            StandardInput = Encoding.UTF8.GetBytes((password is null ? string.Empty : $"*:*:*:*:{password}\n") + "#end\n"),
            Environment = environment,
            Timeout = Unlimited,
        };
    }

    /// <summary>A program of MySQL or MariaDB, logged in to a server.</summary>
    /// <param name="target">The server.</param>
    /// <param name="programs">Names of the program, the first that is installed is taken.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="cancellationToken">Ends the question whether the server offers TLS.</param>
    /// <returns>The command, whose further input is the program's own.</returns>
    public static async Task<HostCommand> MySqlAsync(DatabaseTarget target, string programs, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        await using var stream = await target.ConnectAsync(cancellationToken);
        var greeting = await MySqlHandshake.ReadAsync(stream, target.Text, cancellationToken);
        if (target.RequiredTls is not null && !greeting.OffersTls)
        {
            throw DatabaseErrors.TlsRefused(target.Text);
        }

        return new HostCommand(["sh", "-c", MySqlScript, "sh", programs, .. arguments])
        {
            StandardInput = Encoding.UTF8.GetBytes(MySqlSession.ClientOptions(target, greeting.OffersTls) + "#end\n"),
            Timeout = Unlimited,
        };
    }

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
