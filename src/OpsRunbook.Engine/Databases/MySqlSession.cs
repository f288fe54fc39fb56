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

    // "unbuffered" has each answer leave at once, "quick" no result be collected first.
    private const string Rows = "xml\nquick\nunbuffered\n";

    // XML has no bytes.
    private const string BytesAsHex = "loose-binary-as-hex\n";

    // What columns are is printed with tables only.
    private const string Columns = "table\ncolumn-type-info\n";

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
    private readonly MySqlHandshake _greeting;
    private readonly CommandStream _client;
    private readonly Channel<ReadOnlyMemory<byte>> _input;
    private readonly MySqlReplyReader _reader;
    private OpsException? _failure;

    private MySqlSession(DatabaseTarget target, MySqlHandshake greeting, CommandStream client, Channel<ReadOnlyMemory<byte>> input)
    {
        _target = target;
        _greeting = greeting;
        _client = client;
        _input = input;
        _reader = new MySqlReplyReader(client.Output);
    }

    /// <summary>Name and version as the server greets with: <c>MariaDB 10.11.6</c>.</summary>
    public string Product => _greeting.Product;

    /// <summary>A statement has failed, or the connection was lost: nothing more can be asked here.</summary>
    public bool HasFailed => _failure is not null;

    /// <inheritdoc cref="MySqlHandshake.IsMariaDb"/>
    public bool IsMariaDb => _greeting.IsMariaDb;

    /// <summary>Opens a session. That the login works is known with the first answer.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException">The server does not answer, or not with the encryption that is required.</exception>
    public static async Task<MySqlSession> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken) =>
        await OpenAsync(target, await MySqlHandshake.ReadAsync(target, cancellationToken), cancellationToken);

    /// <summary>Opens a session with a server that has greeted.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="greeting">What the server said.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <param name="bytesAsHex">Values that are bytes and no text come as <c>0x…</c>.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Db.TlsRefused</c>, or the host cannot be reached.</exception>
    public static async Task<MySqlSession> OpenAsync(DatabaseTarget target, MySqlHandshake greeting, CancellationToken cancellationToken, bool bytesAsHex = false)
    {
        var options = Options(target, greeting);
        var input = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
        var command = new HostCommand("sh", "-c", Script)
        {
            StandardInput = Encoding.UTF8.GetBytes($"{options}{Rows}{(bytesAsHex ? BytesAsHex : string.Empty)}#end\n"),
            FurtherInput = input.Reader.ReadAllAsync(CancellationToken.None),
        };
        return new MySqlSession(target, greeting, await target.Host.StartAsync(command, cancellationToken), input);
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
            var row = await ReadAsync(cancellationToken);
            if (row is null)
            {
                throw _failure = Failure(_target, await _client.EndAsync(cancellationToken));
            }

            if (row.Names is [var name] && name == mark)
            {
                yield break;
            }

            yield return row;
        }
    }

    /// <summary>Runs statements in a session of their own, whose client prints what the columns of a result are.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="greeting">What the server said.</param>
    /// <param name="statements">The statements, without semicolon.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What the client prints.</returns>
    /// <exception cref="OpsException">As of <see cref="QueryAsync"/>.</exception>
    public static async Task<string> DescribeAsync(DatabaseTarget target, MySqlHandshake greeting, IEnumerable<string> statements, CancellationToken cancellationToken)
    {
        var input = $"{Options(target, greeting)}{Columns}#end\n{string.Join(";\n", statements)};\n";
        var result = await target.Host.RunAsync(new HostCommand("sh", "-c", Script) { StandardInput = Encoding.UTF8.GetBytes(input) }, cancellationToken);
        return result.Succeeded ? result.StandardOutput : throw Failure(target, result);
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

    // A client waits for ever for a server that a cut network keeps from answering, and takes no setting about it. A long statement is silent
    // too; so it is asked beside it, which changes nothing for a server that is there, however busy.
    private async ValueTask<MySqlRow?> ReadAsync(CancellationToken cancellationToken)
    {
        var reading = _reader.ReadAsync(cancellationToken);
        if (reading.IsCompleted || _target.Socket is not null)
        {
            return await reading;
        }

        var row = reading.AsTask();
        while (true)
        {
            try
            {
                return await row.WaitAsync(_target.Silence / 2, CancellationToken.None);
            }
            catch (TimeoutException) when (!row.IsFaulted)
            {
                if (!row.IsCompleted && !await IsThereAsync(cancellationToken))
                {
                    await _client.DisposeAsync();
                    throw _failure = DatabaseErrors.ConnectionLost(_target.Text, $"it has been silent for {Duration.Format(_target.Silence)} and cannot be reached any more");
                }
            }
        }
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellationToken)
    {
        // A server counts connections that do not log in against their address, so that comes first. One that takes no
        // more logins is still there.
        return await WithinAsync(async token =>
        {
            await using var other = await OpenAsync(_target, _greeting, token);
            await other.RowAsync("SELECT 1", token);
        }) || await WithinAsync(async token => await (await _target.ConnectAsync(token)).DisposeAsync());

        async Task<bool> WithinAsync(Func<CancellationToken, Task> ask)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(_target.Silence / 4);
            try
            {
                await ask(limit.Token);
                return true;
            }
            catch (Exception error) when (error is OpsException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return false;
            }
        }
    }

    private static string Options(DatabaseTarget target, MySqlHandshake greeting) => target.RequiredTls is null || greeting.OffersTls
        ? OptionFile(target, greeting.OffersTls)
        : throw DatabaseErrors.TlsRefused(target.Text);

    private static OpsException Failure(DatabaseTarget target, CommandResult result) => result.ExitCode == ClientMissing
        ? new OpsException(
            "Db.ClientMissing",
            OpsErrorKind.NotInstalled,
            $"Neither mariadb nor mysql is installed on {target.Host.Name}, and logging in to {target.Text} needs one of them.",
            "Install the client there, such as the package mariadb-client or mysql-client.",
            target.Text)
        : Classify(target, result.StandardError);

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

        // "binary-mode" turns off the commands of the client itself, of which some run programs. What follows the text is for that program too.
        options.Append("[mysql]\nbinary-mode\nno-auto-rehash\nmax-allowed-packet=1G\ndefault-character-set=utf8mb4\n");
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

    private static OpsException Classify(DatabaseTarget target, string output)
    {
        var match = ErrorLine().Match(output);
        var says = match.Success ? match.Groups[2].Value.Trim() : output.Trim().Split('\n')[^1].Trim();
        var code = match.Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
        return code switch
        {
            2006 or 2013 or 2055 => DatabaseErrors.ConnectionLost(target.Text, says),
            2002 or 2003 => new OpsException("Db.PortClosed", OpsErrorKind.Connection, $"Nothing listens on {target.Text}: {says}", "Check that the server runs and where it listens.", target.Text),
            2005 => new OpsException("Db.NameUnknown", OpsErrorKind.Connection, $"The name of {target.Text} cannot be resolved: {says}", "Check its spelling.", target.Text),
            2026 => Tls(target, says),
            0 => new OpsException("Db.ClientFailed", OpsErrorKind.OperationFailed, $"The client on {target.Host.Name} could not ask {target.Text}: {says}", null, target.Text),
            _ => MySqlHandshake.FromCode(code, says, target.Text, target.User, target.Database.Database),
        };
    }

    private static OpsException Tls(DatabaseTarget target, string says)
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
            _ => ("Db.TlsFailed", "Look closer with: openssl s_client -starttls mysql -connect " + target.Text),
        };
        return new OpsException(id, OpsErrorKind.Connection, $"The TLS handshake with {target.Text} failed: {says}.", next, target.Text);
    }

    [GeneratedRegex(@"ERROR (\d+) \(\w+\)[^:]*: ([^\n]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ErrorLine();
}
