using System.Globalization;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>
/// Logins that sshd refused. It writes the name before the address and masks line ends in it, so the address is read from the end
/// of the message: the user <c>root from 1.2.3.4 port 22</c> stays a name.
/// </summary>
/// <param name="isSshd">The log is sshd's own, and its lines need not say so.</param>
internal sealed class SshLogins(bool isSshd = false) : LoginFormat
{
    // sshd cuts its messages at 1024 characters, which could cut off the true address.
    private const int LongestMessage = 1000;
    private const string From = @" from (?<address>[0-9A-Za-z_.:%-]+) port (?<port>[0-9]+)";

    // One that tried a name and a password.
    private static readonly Regex Failed = Whole($@"Failed (?:password|none|keyboard-interactive/pam|keyboard-interactive|hostbased|gssapi-with-mic) for (?:invalid user |illegal user )?(?<account>.*){From}(?: ssh2)?");

    private static readonly Regex FailedKey = Whole($@"Failed publickey for (?:invalid user |illegal user )?(?<account>.*){From} ssh2(?:: [A-Z0-9-]+ [A-Z0-9]+:[A-Za-z0-9+/=:]+)?");

    // What sshd says of a connection besides: it is the only trace of a client that had no key to offer.
    private static readonly Regex[] Other =
    [
        Whole($@"Invalid user (?<account>.*){From}"),
        Whole($@"(?:error: )?maximum authentication attempts exceeded for (?:invalid user )?(?<account>.*){From} ssh2 \[preauth\]"),
        Whole(@"(?:Connection (?:closed|reset) by|Disconnected from) (?:authenticating|invalid) user (?<account>.*) (?<address>[0-9A-Za-z_.:%-]+) port (?<port>[0-9]+) \[preauth\]"),
        Whole(@"User (?<account>.*) from (?<address>[0-9A-Za-z_.:%-]+) not allowed because .{1,200}"),
    ];

    /// <inheritdoc/>
    public override string? Match => "Failed |nvalid user |maximum auth|authenticating user |not allowed because";

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record)
    {
        if (!isSshd && !IsOfSshd(record))
        {
            return null;
        }

        var message = record.Message.TrimEnd('\n', '\r', ' ');
        if (message.Length > LongestMessage)
        {
            return message.StartsWith("Failed password for ", StringComparison.Ordinal) ? new LoginAttempt(null, null) : null;
        }

        var isKey = false;
        var match = Failed.Match(message);
        if (!match.Success)
        {
            match = FailedKey.Match(message);
            isKey = match.Success;
        }

        // A client offers one key after another, and "none" before all: neither is an attempt by itself.
        var isCertain = match.Success && !isKey && !message.StartsWith("Failed none ", StringComparison.Ordinal);
        for (var i = 0; !match.Success && i < Other.Length; i++)
        {
            match = Other[i].Match(message);
        }

        if (!match.Success)
        {
            return null;
        }

        var text = match.Groups["address"].Value;
        var address = LoginAttempt.Parse(text);
        var port = match.Groups["port"];
        var connection = port.Success ? $"{text} {port.Value}" : string.Create(CultureInfo.InvariantCulture, $"{text} pid {record.Fields.GetValueOrDefault("pid") ?? record.Fields.GetValueOrDefault("_PID")}");
        return new LoginAttempt(address, match.Groups["account"].Value, connection, isCertain);
    }

    // Anybody may write a line that begins with "sshd" to the journal; the name of the program itself comes from the kernel.
    private static bool IsOfSshd(LogRecord record) => (record.Fields.GetValueOrDefault("_COMM") as string ?? record.Service) is "sshd" or "sshd-session" or "sshd-auth";
}
