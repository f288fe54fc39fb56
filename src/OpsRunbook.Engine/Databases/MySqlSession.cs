using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading.Channels;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// A session of the <c>mariadb</c> or <c>mysql</c> program of the database's host, kept open: settings, locks and
/// transactions last from one statement to the next. Login and SQL travel through standard input: no argument,
/// environment variable or file ever holds them. A statement that fails ends the session.
/// </summary>
internal sealed partial class MySqlSession : IAsyncDisposable
{
    private const int ClientMissing = 127;
    private const int MaximumLineBytes = 4000;

    // The shell reads the options byte by byte up to the mark and hands them over as a pipe; what follows on
    // standard input is left to the client. printf is the shell's own, so that no argument list shows them.
    private const string Script = """
        if command -v mariadb >/dev/null 2>&1; then client=mariadb
        elif command -v mysql >/dev/null 2>&1; then client=mysql
        else exit 127
        fi
        options=
        while IFS= read -r line && [ "$line" != "#end" ]; do
          options="$options$line
        "
        done
        exec 3<&0
        printf '%s' "$options" | { exec 4<&0; exec "$client" --defaults-file=/dev/fd/4 <&3 3<&-; }
        """;

    private readonly DatabaseTarget _target;
    private readonly CommandStream _client;
    private readonly Channel<ReadOnlyMemory<byte>> _input;
    private readonly MySqlReplyReader _reader;
    private OpsException? _failure;

    private MySqlSession(DatabaseTarget target, string product, CommandStream client, Channel<ReadOnlyMemory<byte>> input)
    {
        _target = target;
        Product = product;
        _client = client;
        _input = input;
        _reader = new MySqlReplyReader(client.Output);
    }

    /// <summary>Name and version as the server greets with: <c>MariaDB 10.11.6</c>.</summary>
    public string Product { get; }

    /// <summary>The server is of the MariaDB family, not MySQL itself.</summary>
    public bool IsMariaDb => Product.StartsWith("MariaDB", StringComparison.Ordinal);

    /// <summary>Opens a session. That the login works is known with the first answer.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException">The server does not answer, or not with the encryption that is required.</exception>
    public static async Task<MySqlSession> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken)
    {
        MySqlHandshake greeting;
        await using (var stream = await target.ConnectAsync(cancellationToken))
        {
            greeting = await MySqlHandshake.ReadAsync(stream, target.Text, cancellationToken);
        }

        return await OpenAsync(target, greeting, cancellationToken);
    }

    /// <summary>Opens a session with a server that has greeted.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="greeting">What the server said.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Db.TlsRefused</c>, or the host cannot be reached.</exception>
    public static async Task<MySqlSession> OpenAsync(DatabaseTarget target, MySqlHandshake greeting, CancellationToken cancellationToken)
    {
        if (target.RequiredTls is not null && !greeting.OffersTls)
        {
            throw DatabaseErrors.TlsRefused(target.Text);
        }

        var input = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
        var command = new HostCommand("sh", "-c", Script)
        {
            StandardInput = Encoding.UTF8.GetBytes(OptionFile(target, greeting.OffersTls) + "#end\n"),
            FurtherInput = input.Reader.ReadAllAsync(CancellationToken.None),
        };
        return new MySqlSession(target, greeting.Product, await target.Host.StartAsync(command, cancellationToken), input);
    }

    /// <summary>Runs one statement.</summary>
    /// <param name="sql">The statement, without semicolon. Values of others belong into it through <see cref="Literal"/> and <see cref="Identifier"/> only.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the session.</param>
    /// <returns>Its rows; none for a statement that returns none.</returns>
    /// <exception cref="OpsException"><c>Db.ClientMissing</c>, <c>Db.ClientFailed</c>, or what the server said.</exception>
    public async Task<IReadOnlyList<MySqlRow>> QueryAsync(string sql, CancellationToken cancellationToken)
    {
        var rows = new List<MySqlRow>();
        await foreach (var row in StreamAsync(sql, cancellationToken))
        {
            rows.Add(row);
        }

        return rows;
    }

    /// <summary>Runs one statement that returns a row, whatever happens.</summary>
    /// <param name="sql">The statement, without semicolon.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the session.</param>
    /// <returns>Its first row.</returns>
    public async Task<MySqlRow> RowAsync(string sql, CancellationToken cancellationToken) =>
        await QueryAsync(sql, cancellationToken) is [var row, ..] ? row : throw DatabaseErrors.Protocol(_target.Text, "MySQL", "an answer has no row.");

    /// <summary>Runs one statement and gives its rows as they come. They must be read to the end before the next statement.</summary>
    /// <param name="sql">The statement, without semicolon.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the session.</param>
    /// <returns>Its rows.</returns>
    public async IAsyncEnumerable<MySqlRow> StreamAsync(string sql, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (_failure is not null)
        {
            throw _failure;
        }

        var mark = Convert.ToHexString(RandomNumberGenerator.GetBytes(8));
        _input.Writer.TryWrite(Encoding.UTF8.GetBytes($"{sql};\nSELECT '{mark}' AS `{mark}`;\n"));
        while (true)
        {
            var row = await _reader.ReadAsync(cancellationToken);
            if (row is null)
            {
                throw _failure = Failure(await _client.EndAsync(cancellationToken));
            }

            if (row.Names is [var name] && name == mark)
            {
                yield break;
            }

            yield return row;
        }
    }

    /// <summary>A text as a literal that no quote, backslash or character set can leave.</summary>
    /// <param name="text">Any text.</param>
    /// <returns>An expression of type text.</returns>
    public static string Literal(string text) =>
        text.Length == 0 ? "''" : $"CONVERT(0x{Convert.ToHexString(Encoding.UTF8.GetBytes(text))} USING utf8mb4)";

    /// <summary>A name in backquotes.</summary>
    /// <param name="name">Name of a database, table, column or index.</param>
    /// <returns>The quoted name.</returns>
    public static string Identifier(string name) => $"`{name.Replace("`", "``", StringComparison.Ordinal)}`";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // The end of its input ends an idle client; one in the middle of a statement is ended by force.
        _input.Writer.TryComplete();
        await _client.DisposeAsync();
        _reader.Dispose();
    }

    private OpsException Failure(CommandResult result) => result.ExitCode == ClientMissing
        ? new OpsException(
            "Db.ClientMissing",
            OpsErrorKind.NotInstalled,
            $"Neither mariadb nor mysql is installed on {_target.Host.Name}, and logging in to {_target.Text} needs one of them.",
            "Install the client there, such as the package mariadb-client or mysql-client.",
            _target.Text)
        : Classify(result.StandardError);

    /// <summary>Options that log a client in.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="encrypt">The server can encrypt.</param>
    /// <returns>Content of an option file; what it says of the <c>mysql</c> program is nothing to others.</returns>
    internal static string OptionFile(DatabaseTarget target, bool encrypt)
    {
        var database = target.Database;
        var options = new StringBuilder("[client]\n");
        Add("user", target.User ?? "root");
        if (target.Password is { } password)
        {
            Add("password", password);
        }

        if (target.Socket is { } socket)
        {
            Add("protocol", "socket");
            Add("socket", socket);
        }
        else
        {
            Add("protocol", "tcp");
            Add("host", target.Server);
            Add("port", target.Port.ToString(CultureInfo.InvariantCulture));
        }

        // The two families name these differently; "loose" has each pass over what only the other knows.
        Add("loose-ssl-mode", database.Tls switch
        {
            "disable" => "DISABLED",
            "require" => "REQUIRED",
            "verify-ca" => "VERIFY_CA",
            "verify-full" => "VERIFY_IDENTITY",
            _ => "PREFERRED",
        });
        Add("loose-ssl", encrypt && database.Tls != "disable" ? "1" : "0");
        Add("loose-ssl-verify-server-cert", database.Tls is "verify-ca" or "verify-full" ? "1" : "0");
        if (database.TlsCa is { } ca && database.Tls is "verify-ca" or "verify-full")
        {
            Add("ssl-ca", ca);
        }

        // "binary-mode" turns off the commands of the client itself, of which some run programs; "unbuffered" has each answer
        // leave at once, "quick" no result be collected first.
        options.Append("[mysql]\nxml\nquick\nunbuffered\nbinary-mode\nno-auto-rehash\nmax-allowed-packet=1G\ndefault-character-set=utf8mb4\n");
        Add("connect-timeout", Math.Max(1, Math.Ceiling(target.Timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        if (database.Database is { } name)
        {
            Add("database", name);
        }

        return options.ToString();

        void Add(string key, string value)
        {
            var line = $"{key}=\"{Escape(value)}\"\n";
            options.Append(Encoding.UTF8.GetByteCount(line) <= MaximumLineBytes
                ? line
                : throw new OpsException("Db.OptionTooLong", OpsErrorKind.InvalidArgument, $"The {key} for {target.Text} is too long for the client.", null, target.Text));
        }
    }

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\r", @"\r", StringComparison.Ordinal)
        .Replace("\n", @"\n", StringComparison.Ordinal);

    private OpsException Classify(string output)
    {
        var match = ErrorLine().Match(output);
        var says = match.Success ? match.Groups[2].Value.Trim() : output.Trim().Split('\n')[^1].Trim();
        var code = match.Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        return code switch
        {
            2006 or 2013 or 2055 => new OpsException("Db.ConnectionLost", OpsErrorKind.Connection, $"The connection to {_target.Text} was lost: {says}", "Check whether the server was restarted or the session ended, then look how far it came.", _target.Text),
            2002 or 2003 => new OpsException("Db.PortClosed", OpsErrorKind.Connection, $"Nothing listens on {_target.Text}: {says}", "Check that the server runs and where it listens.", _target.Text),
            2005 => new OpsException("Db.NameUnknown", OpsErrorKind.Connection, $"The name of {_target.Text} cannot be resolved: {says}", "Check its spelling.", _target.Text),
            2026 => Tls(says),
            0 => new OpsException("Db.ClientFailed", OpsErrorKind.OperationFailed, $"The client on {_target.Host.Name} could not ask {_target.Text}: {says}", null, _target.Text),
            _ => MySqlHandshake.FromCode(code, says, _target.Text, _target.User, _target.Database.Database),
        };
    }

    private OpsException Tls(string says)
    {
        var (id, next) = says switch
        {
            _ when says.Contains("does not support", StringComparison.OrdinalIgnoreCase) => ("Db.TlsRefused", "Enable TLS on the server, or set tls: prefer when the way to it is safe."),
            _ when says.Contains("expired", StringComparison.OrdinalIgnoreCase) => ("Db.TlsExpired", "Renew the server's certificate."),
            _ when says.Contains("hostname", StringComparison.OrdinalIgnoreCase) || says.Contains("Validation of SSL server certificate failed", StringComparison.OrdinalIgnoreCase) =>
                ("Db.TlsNameMismatch", "Use the name that the certificate is for, or tls: require."),
            _ when says.Contains("self-signed", StringComparison.OrdinalIgnoreCase) || says.Contains("issuer", StringComparison.OrdinalIgnoreCase)
                || says.Contains("verif", StringComparison.OrdinalIgnoreCase) =>
                ("Db.TlsUntrusted", "Name the authority's file on that host (tlsCa)."),
            _ => ("Db.TlsFailed", "Look closer with: openssl s_client -starttls mysql -connect " + _target.Text),
        };
        return new OpsException(id, OpsErrorKind.Connection, $"The TLS handshake with {_target.Text} failed: {says}.", next, _target.Text);
    }

    [GeneratedRegex(@"ERROR (\d+) \(\w+\)[^:]*: ([^\n]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ErrorLine();
}
