namespace OpsRunbook.Engine.Logs.Logins;

/// <summary>Puts failed logins together.</summary>
/// <param name="by">What they are put together by.</param>
internal sealed class LoginCounts(LoginFailureBy by)
{
    private readonly Dictionary<(string Service, string Host, string? Address, string? Account, bool IsAccess), Entry> _entries = [];
    private readonly Dictionary<(string Host, string Connection), (Entry Entry, LogRecord Record, string? Account)> _uncertain = [];
    private readonly HashSet<(string Host, string Connection)> _counted = [];
    private readonly HashSet<string> _hostsWithErrorLog = new(StringComparer.Ordinal);

    /// <summary>Counts an attempt.</summary>
    /// <param name="service">What was tried.</param>
    /// <param name="host">Its host.</param>
    /// <param name="record">The record that tells it.</param>
    /// <param name="attempt">What it tells.</param>
    /// <param name="isAccessLog">It is a request of an access log; null when it is no web server's log.</param>
    public void Add(string service, string host, LogRecord record, LoginAttempt attempt, bool? isAccessLog)
    {
        var key = (
            service,
            host,
            by == LoginFailureBy.Account ? null : attempt.Address,
            by == LoginFailureBy.Address ? null : attempt.Account,
            isAccessLog == true);
        if (!_entries.TryGetValue(key, out var entry))
        {
            _entries[key] = entry = new Entry();
        }

        if (isAccessLog == false)
        {
            _hostsWithErrorLog.Add(host);
        }

        // The same connection may come again on another day; its port alone does not tell it for ever.
        var connection = attempt.Connection is null ? null : $"{attempt.Connection} {record.Time:yyyyMMdd}";
        if (attempt.IsCertain || connection is null)
        {
            if (connection is not null)
            {
                _counted.Add((host, connection));
            }

            entry.Count(record, attempt.Account);
            return;
        }

        _uncertain.TryAdd((host, connection), (entry, record, attempt.Account));
    }

    /// <summary>The failed logins.</summary>
    /// <returns>The most frequent first.</returns>
    public IEnumerable<LoginFailure> Results()
    {
        foreach (var (connection, (entry, record, account)) in _uncertain)
        {
            if (!_counted.Contains(connection))
            {
                entry.Count(record, account);
            }
        }

        _uncertain.Clear();

        // A web server that has an error log says each failure there too.
        return _entries
            .Where(pair => pair.Value.Attempts > 0 && !(pair.Key.IsAccess && _hostsWithErrorLog.Contains(pair.Key.Host)))
            .Select(pair => new LoginFailure
            {
                Address = pair.Key.Address,
                Account = pair.Key.Account,
                Count = pair.Value.Attempts,
                Accounts = pair.Value.Accounts.Count,
                First = pair.Value.First,
                Last = pair.Value.Last,
                Service = pair.Key.Service,
                Host = pair.Key.Host,
                Example = pair.Value.Example,
            })
            .OrderByDescending(failure => failure.Count)
            .ThenBy(failure => failure.First)
            .ToList();
    }

    private sealed class Entry
    {
        public long Attempts { get; private set; }

        public HashSet<string> Accounts { get; } = new(StringComparer.Ordinal);

        public DateTime? First { get; private set; }

        public DateTime? Last { get; private set; }

        public string Example { get; private set; } = string.Empty;

        public void Count(LogRecord record, string? account)
        {
            Attempts++;
            Accounts.Add(account ?? string.Empty);
            First = record.Time < (First ?? DateTime.MaxValue) ? record.Time : First;
            if (Last is null || record.Time >= Last)
            {
                (Last, Example) = (record.Time ?? Last, record.Message);
            }
        }
    }
}
