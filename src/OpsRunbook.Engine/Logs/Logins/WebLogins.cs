using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>
/// Basic authentication that nginx or Apache refused, from their error logs, or where there is none from their access logs. nginx
/// writes the name unmasked before the address, and request and referrer after it; as a name ends at its first colon, the first
/// <c>, client: </c> is its own.
/// </summary>
/// <param name="isAccessLog">The log is an access log, in which the address is the first field.</param>
internal sealed class WebLogins(bool isAccessLog) : LoginFormat
{
    private static readonly Regex Nginx = Whole(
        @"user ""(?<account>[^:]*)""(?:: password mismatch| was not found in ""[^"":]*""), client: (?<address>[0-9A-Fa-f.:]+), server: .*");

    private static readonly Regex Apache = Whole("(?:AH0161[478]: )?user (?<account>[^:]*)(?: not found|: authentication failure for \".*\"|: authentication failure).*");

    /// <inheritdoc/>
    public override string? Match => isAccessLog ? "401" : "user ";

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record)
    {
        if (isAccessLog)
        {
            // Without a name it is how every login begins.
            return record.Fields.GetValueOrDefault("status") is 401L && record.Fields.GetValueOrDefault("user") is string user
                ? new LoginAttempt(LoginAttempt.Parse(record.Fields.GetValueOrDefault("client") as string), user)
                : null;
        }

        if (Nginx.Match(record.Message) is { Success: true } nginx)
        {
            return new LoginAttempt(LoginAttempt.Parse(nginx.Groups["address"].Value), nginx.Groups["account"].Value);
        }

        // Apache puts the address before the message.
        return record.Fields.ContainsKey("module") && Apache.Match(record.Message) is { Success: true } apache
            ? new LoginAttempt(LoginAttempt.Parse(record.Fields.GetValueOrDefault("client") as string), apache.Groups["account"].Value)
            : null;
    }
}
