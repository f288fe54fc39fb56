using System.Buffers;

namespace OpsRunbook.Engine.Environments;

/// <summary>The rules of one dialect: how a file is read, and how a value is written so that every reader of the dialect gets it back.</summary>
internal abstract class EnvironmentSyntax
{
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./,:@%+=");

    /// <summary>The rules of a dialect.</summary>
    public static EnvironmentSyntax Of(EnvironmentDialect dialect) => dialect switch
    {
        EnvironmentDialect.Systemd => new SystemdEnvironmentSyntax(),
        EnvironmentDialect.Docker => new DockerEnvironmentSyntax(),
        EnvironmentDialect.Compose => new ComposeEnvironmentSyntax(),
        _ => new DotenvEnvironmentSyntax(),
    };

    /// <summary>Reads the entry that begins at a place of the text.</summary>
    public abstract EnvironmentEntry Read(string text, int start);

    /// <summary>Quotes that the dialect has, the preferred one first.</summary>
    public abstract IReadOnlyList<char> Quotes { get; }

    /// <summary>Writes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="quote">Quote to put around it; null for none.</param>
    /// <returns>The text; null when it cannot be written so.</returns>
    public string? Encode(string value, char? quote) => quote is { } sign ? EncodeQuoted(value, sign) : EncodePlain(value);

    /// <summary>Writes a value without quotes.</summary>
    protected virtual string? EncodePlain(string value) => value.AsSpan().ContainsAnyExcept(Plain) ? null : value;

    /// <summary>Writes a value in quotes.</summary>
    protected abstract string? EncodeQuoted(string value, char quote);

    /// <summary>The place after the line end that follows, and where the line itself ends.</summary>
    protected static (int Content, int Next) LineEnd(string text, int start)
    {
        var end = text.AsSpan(start).IndexOfAny('\r', '\n');
        if (end < 0)
        {
            return (text.Length, text.Length);
        }

        end += start;
        return (end, text[end] == '\r' && end + 1 < text.Length && text[end + 1] == '\n' ? end + 2 : end + 1);
    }

    /// <summary>The first place from here on that holds neither a space nor a tab.</summary>
    protected static int SkipBlanks(string text, int index)
    {
        while (index < text.Length && text[index] is ' ' or '\t')
        {
            index++;
        }

        return index;
    }

    /// <summary>A place moved back over spaces and tabs.</summary>
    protected static int TrimBlanks(string text, int start, int end)
    {
        while (end > start && text[end - 1] is ' ' or '\t')
        {
            end--;
        }

        return end;
    }

    /// <summary>A line that assigns nothing.</summary>
    protected static EnvironmentEntry Ignored(string text, int start, string? problem = null) =>
        new() { Start = start, End = LineEnd(text, start).Next, Problem = problem };
}
