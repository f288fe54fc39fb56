using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>
/// Logins that MariaDB or MySQL refused. The name comes before the address and is not masked, so the address is read from the end
/// of the message. A name may even hold line ends, and so write a record with a false address; the true one then stands at the end of
/// one of the next records. An address is therefore given only when none of those says another.
/// </summary>
internal sealed class MySqlLogins : LoginFormat
{
    // A name has at most 384 bytes, and a forged record at least 80.
    private const int Forgeable = 5;

    private static readonly Regex Denied = Whole(@"Access denied for user '(?<account>.*)'@'(?<address>[^']*)'(?: to database '[^']*')? \(using password: (?:YES|NO)\)");

    // What stands behind a name with a line end in it.
    private static readonly Regex Tail = Whole(@".*'@'(?<address>[^']*)'(?: to database '.*'| \(using password: (?:YES|NO)\))");

    private readonly List<(LogRecord Record, LoginAttempt Attempt, int Age)> _waiting = [];

    /// <inheritdoc/>
    public override IEnumerable<(LogRecord Record, LoginAttempt Attempt)> Read(LogRecord? record)
    {
        var tail = record is not null && Tail.Match(record.Message.TrimEnd()) is { Success: true } match ? match.Groups["address"].Value : null;
        var certain = new List<(LogRecord, LoginAttempt)>();
        for (var i = 0; i < _waiting.Count; i++)
        {
            var (earlier, attempt, age) = _waiting[i];
            if (tail is not null && LoginAttempt.Parse(tail) != attempt.Address)
            {
                attempt = attempt with { Address = null };
            }

            _waiting[i] = (earlier, attempt, age + 1);
        }

        // Another record without such an end ends what a name can have written.
        var ready = tail is null ? _waiting.Count : _waiting.FindIndex(item => item.Age < Forgeable) is >= 0 and var first ? first : _waiting.Count;
        certain.AddRange(_waiting.Take(ready).Select(item => (item.Record, item.Attempt)));
        _waiting.RemoveRange(0, ready);
        if (record is not null && Find(record) is { } found)
        {
            _waiting.Add((record, found, 0));
        }

        return certain;
    }

    /// <inheritdoc/>
    protected override LoginAttempt? Find(LogRecord record) => Denied.Match(record.Message.TrimEnd()) is { Success: true } denied
        ? new LoginAttempt(LoginAttempt.Parse(denied.Groups["address"].Value), denied.Groups["account"].Value)
        : null;
}
