using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// Runs SQL through the <c>mariadb</c> or <c>mysql</c> program of the database's host. Login and SQL travel
/// as an option file through standard input: no argument, environment variable or file ever holds them.
/// </summary>
/// <param name="target">Where the database is.</param>
internal sealed partial class MySqlClient(DatabaseTarget target)
{
    private const int MaximumLineBytes = 4000;

    // Over SSH standard input is a socket, which cannot be opened by its name; behind cat it is a pipe everywhere.
    private const string Script = """
        if command -v mariadb >/dev/null 2>&1; then client=mariadb
        elif command -v mysql >/dev/null 2>&1; then client=mysql
        else exit 127
        fi
        cat | "$client" --defaults-file=/dev/stdin
        """;

    /// <summary>Runs statements that return rows.</summary>
    /// <param name="sql">One or more statements, short enough for a line of an option file.</param>
    /// <param name="encrypt">The server offers TLS, so use it unless it is disabled.</param>
    /// <param name="timeout">Longest time.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>A list of rows for each statement; a row is its values by column name, null for NULL.</returns>
    /// <exception cref="OpsException"><c>Db.ClientMissing</c>, <c>Db.ClientFailed</c>, or what the server said.</exception>
    public async Task<IReadOnlyList<IReadOnlyList<IReadOnlyDictionary<string, string?>>>> QueryAsync(
        string sql,
        bool encrypt,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        var command = new HostCommand("sh", "-c", Script)
        {
            StandardInput = Encoding.UTF8.GetBytes(OptionFile(sql, encrypt, timeout)),
            Timeout = timeout,
        };
        var result = await target.Host.RunAsync(command, cancellationToken);
        if (result.ExitCode == 127)
        {
            throw new OpsException(
                "Db.ClientMissing",
                OpsErrorKind.NotInstalled,
                $"Neither mariadb nor mysql is installed on {target.Host.Name}, and logging in to {target.Text} needs one of them.",
                "Install the client there, such as the package mariadb-client or mysql-client.",
                target.Text);
        }

        if (!result.Succeeded)
        {
            throw Classify(result.StandardError);
        }

        return result.StandardOutput.Split("<?xml", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(document => Rows("<?xml " + document))
            .ToList();
    }

    private static List<IReadOnlyDictionary<string, string?>> Rows(string document)
    {
        using var text = new StringReader(document);
        using var reader = XmlReader.Create(text, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, CheckCharacters = false });
        var nil = XName.Get("nil", "http://www.w3.org/2001/XMLSchema-instance");
        return XDocument.Load(reader).Root!.Elements("row")
            .Select(row => (IReadOnlyDictionary<string, string?>)row.Elements("field")
                .GroupBy(field => (string?)field.Attribute("name") ?? string.Empty, StringComparer.OrdinalIgnoreCase)
                .ToDictionary(field => field.Key, field => field.First().Attribute(nil) is null ? field.First().Value : null, StringComparer.OrdinalIgnoreCase))
            .ToList();
    }

    private string OptionFile(string sql, bool encrypt, TimeSpan timeout)
    {
        var database = target.Database;
        var options = new StringBuilder("[client]\n");
        Add("user", database.User ?? "root");
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

        options.Append("[mysql]\nxml\n");
        Add("connect-timeout", Math.Max(1, Math.Ceiling(timeout.TotalSeconds)).ToString(CultureInfo.InvariantCulture));
        if (database.Database is { } name)
        {
            Add("database", name);
        }

        Add("execute", sql);
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
            2002 or 2003 => new OpsException("Db.PortClosed", OpsErrorKind.Connection, $"Nothing listens on {target.Text}: {says}", "Check that the server runs and where it listens.", target.Text),
            2005 => new OpsException("Db.NameUnknown", OpsErrorKind.Connection, $"The name of {target.Text} cannot be resolved: {says}", "Check its spelling.", target.Text),
            2026 => Tls(says),
            0 => new OpsException("Db.ClientFailed", OpsErrorKind.OperationFailed, $"The client on {target.Host.Name} could not ask {target.Text}: {says}", null, target.Text),
            _ => MySqlHandshake.FromCode(code, says, target.Text, target.Database),
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
            _ => ("Db.TlsFailed", "Look closer with: openssl s_client -starttls mysql -connect " + target.Text),
        };
        return new OpsException(id, OpsErrorKind.Connection, $"The TLS handshake with {target.Text} failed: {says}.", next, target.Text);
    }

    [GeneratedRegex(@"ERROR (\d+) \(\w+\)[^:]*: ([^\n]*)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ErrorLine();
}
