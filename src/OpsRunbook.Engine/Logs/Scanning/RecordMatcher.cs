using System.Buffers;
using System.Text;
using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Logs.Scanning;

/// <summary>Decides on records while they are still bytes. Text is made of a record only for an expression that is more than literals.</summary>
internal sealed class RecordMatcher
{
    private readonly long _since;
    private readonly long _until;
    private readonly LogLevel _level;
    private readonly OperatorPattern? _match;
    private readonly LiteralSet? _literals;
    private readonly bool _isExact;
    private readonly OperatorPattern? _notMatch;
    private readonly string? _correlationId;
    private readonly bool _checksMatch;

    /// <summary>Prepares the decision.</summary>
    /// <param name="query">What is wanted.</param>
    /// <param name="format">Format of the log.</param>
    /// <exception cref="OpsException"><c>Log.PatternInvalid</c>.</exception>
    public RecordMatcher(LogQuery query, LogFormat format)
    {
        _since = query.Since?.Ticks ?? 0;
        _until = query.Until?.Ticks ?? long.MaxValue;
        _level = query.Level ?? LogLevel.Unknown;
        _correlationId = query.CorrelationId;
        if (query.NotMatch is not null)
        {
            _notMatch = OperatorPattern.ForRecords(query.NotMatch, query.CaseSensitive, nameof(query.NotMatch));
        }

        if (query.Match is not null)
        {
            // Making an expression takes longer than reading a small log, and plain words need none.
            var isPlain = RegexLiterals.IsPlain(query.Match) && RegexLiterals.Find(query.Match, query.CaseSensitive) is { Exact: true };
            _match = isPlain ? null : OperatorPattern.ForRecords(query.Match, query.CaseSensitive, nameof(query.Match));
            if (RegexLiterals.Find(query.Match, query.CaseSensitive) is { } found)
            {
                _literals = new LiteralSet(found.Literals, found.IgnoreCase);
                _isExact = found.Exact;
            }
        }

        // The rarest first: an id, then what was asked for, then words for the level.
        Prefilter = query.CorrelationId is { Length: > 0 } id ? new LiteralSet([id], ignoreCase: id.All(char.IsAscii))
            : _literals
            ?? (query.Level is { } level && format.LevelLiterals(level) is { } words ? new LiteralSet(words, ignoreCase: true) : null);
        _checksMatch = Prefilter is null || Prefilter != _literals || !_isExact;
    }

    /// <summary>What every wanted record contains; null when nothing is known.</summary>
    public LiteralSet? Prefilter { get; }

    /// <summary>The record is wanted.</summary>
    /// <param name="record">The record.</param>
    /// <param name="head">What was read of it.</param>
    /// <param name="isFound">It has been found by <see cref="Prefilter"/>.</param>
    /// <returns>True when it is.</returns>
    /// <exception cref="OpsException"><c>Log.PatternTooSlow</c>.</exception>
    public bool Accepts(ReadOnlySpan<byte> record, in LogHead head, bool isFound) =>
        IsInRange(head) && head.Level >= _level
        && ((isFound && !_checksMatch) || Matches(record))
        && (_correlationId is null || Test(record, _correlationId, static (text, id) => LogFilter.ContainsWord(text, id)))
        && (_notMatch is null || !Test(record, _notMatch, static (text, pattern) => pattern.IsMatch(text)));

    /// <summary>The record is within the time range, or has no time.</summary>
    /// <param name="head">What was read of it.</param>
    /// <returns>True when it is.</returns>
    public bool IsInRange(in LogHead head) => head.Time == 0 || (head.Time >= _since && head.Time < _until);

    private bool Matches(ReadOnlySpan<byte> record) =>
        (_literals is null || _literals.IndexOf(record) >= 0)
        && (_match is null || _isExact || Test(record, _match, static (text, pattern) => pattern.IsMatch(text)));

    private static bool Test<T>(ReadOnlySpan<byte> record, T argument, Test<T> test)
    {
        var text = ArrayPool<char>.Shared.Rent(record.Length);
        try
        {
            return test(text.AsSpan(0, Encoding.UTF8.GetChars(record, text)), argument);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(text);
        }
    }
}

/// <summary>A test of a text.</summary>
internal delegate bool Test<in T>(ReadOnlySpan<char> text, T argument);
