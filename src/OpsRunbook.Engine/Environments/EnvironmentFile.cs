using System.Text;

namespace OpsRunbook.Engine.Environments;

/// <summary>
/// A file of <c>KEY=value</c> lines that can be changed one key at a time. Everything else stays as it is to the byte: comments,
/// order, quotes, line ends, the presence of a last one.
/// </summary>
public sealed class EnvironmentFile
{
    /// <summary>A larger file is no environment file.</summary>
    public const int MaximumBytes = 1024 * 1024;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _path;
    private readonly string _text;
    private readonly EnvironmentSyntax _syntax;
    private readonly List<EnvironmentEntry> _entries = [];

    private EnvironmentFile(string path, string text, EnvironmentDialect dialect)
    {
        _path = path;
        _text = text;
        Dialect = dialect;
        _syntax = EnvironmentSyntax.Of(dialect);
        for (var start = 0; start < text.Length; start = _entries[^1].End)
        {
            _entries.Add(_syntax.Read(text, start));
        }
    }

    /// <summary>Whose rules it follows.</summary>
    public EnvironmentDialect Dialect { get; }

    /// <summary>The variables as their reader takes them; of a repeated one the last, which counts.</summary>
    public IReadOnlyDictionary<string, string> Values =>
        Assignments.GroupBy(entry => entry.Key!, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Last().Value, StringComparer.Ordinal);

    /// <summary>What readers of the file may take otherwise, one sentence each, without any value.</summary>
    public IReadOnlyList<string> Problems =>
    [
        .. _entries.Where(entry => entry.Problem is not null).Select(entry => $"{_path}:{Line(entry)}: {entry.Key ?? "this line"}: {entry.Problem}."),
        .. Assignments.GroupBy(entry => entry.Key!, StringComparer.Ordinal)
            .Where(group => group.Count() > 1)
            .Select(group => $"{_path}:{Line(group.Last())}: {group.Key} is set {group.Count()} times; this last one counts."),
    ];

    private IEnumerable<EnvironmentEntry> Assignments => _entries.Where(entry => entry.Key is not null);

    /// <summary>Reads a file.</summary>
    /// <param name="path">Its path, for messages.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="dialect">Whose rules it follows.</param>
    /// <returns>The file.</returns>
    /// <exception cref="OpsException"><c>Environment.FileInvalid</c> for what is not UTF-8 text.</exception>
    public static EnvironmentFile Parse(string path, ReadOnlySpan<byte> content, EnvironmentDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(path);
        try
        {
            var text = Strict.GetString(content);
            return text.Contains('\0', StringComparison.Ordinal) ? throw EnvironmentErrors.FileInvalid(path) : new EnvironmentFile(path, text, dialect);
        }
        catch (DecoderFallbackException)
        {
            throw EnvironmentErrors.FileInvalid(path);
        }
    }

    /// <summary>The bytes of the file.</summary>
    /// <returns>UTF-8.</returns>
    public byte[] ToBytes() => Strict.GetBytes(_text);

    /// <summary>The file with one variable set. The line of the variable changes; a new one is added at the end.</summary>
    /// <param name="key">Name.</param>
    /// <param name="value">Value.</param>
    /// <returns>The changed file.</returns>
    /// <exception cref="OpsException">
    /// <c>Environment.NameInvalid</c>, <c>Environment.ValueInvalid</c> for a value that the dialect cannot hold, <c>Environment.FileAmbiguous</c>
    /// when the line cannot be changed alone.
    /// </exception>
    public EnvironmentFile Set(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        RequireName(key);
        var old = Assignments.LastOrDefault(entry => entry.Key == key);
        var expected = new Dictionary<string, string>(Values, StringComparer.Ordinal) { [key] = value };
        foreach (var quote in Quotes(old))
        {
            if (_syntax.Encode(value, quote) is { } encoded
                && Replaced(old, key, encoded) is var text
                && new EnvironmentFile(_path, text, Dialect) is var changed
                && Same(changed.Values, expected))
            {
                return changed;
            }
        }

        // With a harmless value it would have worked, so the value it is; otherwise the file around it.
        throw Same(new EnvironmentFile(_path, Replaced(old, key, "x"), Dialect).Values, new Dictionary<string, string>(expected, StringComparer.Ordinal) { [key] = "x" })
            ? EnvironmentErrors.ValueInvalid(_path, key, Dialect)
            : EnvironmentErrors.FileAmbiguous(_path, key, Problems);
    }

    /// <summary>The file without a variable: every line that sets it is taken out.</summary>
    /// <param name="key">Name.</param>
    /// <returns>The changed file; the same one when it does not set the variable.</returns>
    /// <exception cref="OpsException"><c>Environment.NameInvalid</c>, or <c>Environment.FileAmbiguous</c> when the line cannot be taken out alone.</exception>
    public EnvironmentFile Remove(string key)
    {
        RequireName(key);
        if (!Values.ContainsKey(key))
        {
            return this;
        }

        var text = string.Concat(_entries.Where(entry => entry.Key != key).Select(entry => _text[entry.Start..entry.End]));
        if (!EndsLine(_text) && EndsLine(text))
        {
            text = text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text[..^1];
        }

        var expected = new Dictionary<string, string>(Values, StringComparer.Ordinal);
        expected.Remove(key);
        var changed = new EnvironmentFile(_path, text, Dialect);
        return Same(changed.Values, expected) ? changed : throw EnvironmentErrors.FileAmbiguous(_path, key, Problems);
    }

    private static void RequireName(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (key.Length == 0 || char.IsAsciiDigit(key[0]) || !key.All(letter => letter == '_' || char.IsAsciiLetterOrDigit(letter)))
        {
            throw EnvironmentErrors.NameInvalid(key);
        }
    }

    private static bool Same(IReadOnlyDictionary<string, string> first, Dictionary<string, string> second) =>
        first.Count == second.Count && first.All(pair => second.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static bool EndsLine(string text) => text.EndsWith('\n') || text.EndsWith('\r');

    // The way the line was written before comes first, then none, then whatever the dialect has.
    private IEnumerable<char?> Quotes(EnvironmentEntry? old) =>
        new[] { old?.Quote, null }.Concat(_syntax.Quotes.Select(quote => (char?)quote)).Distinct();

    private string Replaced(EnvironmentEntry? old, string key, string encoded)
    {
        if (old is not null)
        {
            // Where readers do not agree on what belongs to the value, nothing of it is left.
            var end = old.Problem is null || old.Quote is not null ? old.ValueEnd : ContentEnd(old);
            return string.Concat(_text.AsSpan(0, old.ValueStart), encoded, _text.AsSpan(end));
        }

        var lineEnd = _text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        return _text.Length == 0 || EndsLine(_text) ? $"{_text}{key}={encoded}{lineEnd}" : $"{_text}{lineEnd}{key}={encoded}";
    }

    private int ContentEnd(EnvironmentEntry entry) => entry.Start + _text[entry.Start..entry.End].TrimEnd('\r', '\n').Length;

    private int Line(EnvironmentEntry entry) => _text.AsSpan(0, entry.Start).Count('\n') + 1;
}
