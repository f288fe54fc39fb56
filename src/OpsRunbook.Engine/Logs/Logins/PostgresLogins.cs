using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>
/// Logins that PostgreSQL refused. The message names the user only; the address is a field of the CSV format, or was logged for the
/// same process when it connected (<c>log_connections</c>). With a <c>log_line_prefix</c> that has the user (<c>%u</c>, as Debian's has) a name
/// with a line end in it can write lines of its own, so that no address of such a log can be believed, and none is given.
/// </summary>
internal sealed partial class PostgresLogins : LoginFormat
{
    private const int MostConnections = 100_000;

    private static readonly Regex Failed = Whole("""(?:password|Peer|Ident|PAM|LDAP|GSSAPI|RADIUS|certificate|SCRAM|MD5) authentication failed for user "(?<account>.*)"|role "(?<account>.*)" does not exist""");
    private static readonly Regex Connected = Whole(@"connection received: host=(?<address>\S+)(?: port=[0-9]+)?");
    private static readonly Regex NotAllowed = Whole("""(?:no pg_hba\.conf entry|pg_hba\.conf rejects (?:replication )?connection) for (?:replication connection from )?host "(?<address>[^"]*)", user "(?<account>.*)"(?:, database ".*")?(?:, [A-Za-z ]+)?""");

    private readonly Dictionary<long, string> _connections = [];
    private bool _isForgeable;

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record)
    {
        var (fields, message) = (record.Fields, record.Message);
        var client = AddressOf(fields.GetValueOrDefault("client") as string);

        // Names before the message are not masked: one with a line end in it could write whole lines.
        _isForgeable |= client is null && (fields.ContainsKey("user") || fields.ContainsKey("prefix") || Second().IsMatch(message));
        var pid = fields.GetValueOrDefault("pid") as long?;
        if (Connected.Match(message) is { Success: true } connected)
        {
            if (_connections.Count >= MostConnections)
            {
                _connections.Clear();
            }

            _connections[pid ?? 0] = connected.Groups["address"].Value;
            return null;
        }

        if (NotAllowed.Match(message) is { Success: true } refused)
        {
            return new LoginAttempt(LoginAttempt.Parse(client ?? (_isForgeable ? null : refused.Groups["address"].Value)), refused.Groups["account"].Value);
        }

        // A role that does not exist may also be named in a query, which is no FATAL error.
        return record.Level == LogLevel.Critical && Failed.Match(message) is { Success: true } failed
            ? new LoginAttempt(LoginAttempt.Parse(client ?? (_isForgeable ? null : _connections.GetValueOrDefault(pid ?? 0))), failed.Groups["account"].Value)
            : null;
    }

    // "203.0.113.7:50412"
    private static string? AddressOf(string? client) => client?.LastIndexOf(':') is > 0 and var at ? client[..at].Trim('[', ']') : client;

    [GeneratedRegex(@"(?:LOG|FATAL|ERROR|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]):  ", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Second();
}
