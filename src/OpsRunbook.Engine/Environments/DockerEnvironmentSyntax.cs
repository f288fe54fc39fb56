namespace OpsRunbook.Engine.Environments;

/// <summary><c>docker run --env-file</c>: no quotes, no escapes, no comments but on lines of their own.</summary>
internal sealed class DockerEnvironmentSyntax : EnvironmentSyntax
{
    public override IReadOnlyList<char> Quotes => [];

    public override EnvironmentEntry Read(string text, int start)
    {
        var (content, next) = LineEnd(text, start);
        var key = SkipBlanks(text, start);
        var equals = text.IndexOf('=', key, content - Math.Min(key, content));
        if (key >= content || text[key] == '#' || equals < 0)
        {
            return Ignored(text, start);
        }

        var name = text[key..equals];
        return name.Length == 0 || name.Any(char.IsWhiteSpace)
            ? Ignored(text, start, "docker refuses a file with this line")
            : new EnvironmentEntry { Start = start, End = next, Key = name, Value = text[(equals + 1)..content], ValueStart = equals + 1, ValueEnd = content };
    }

    protected override string? EncodePlain(string value) => value.AsSpan().ContainsAny('\r', '\n') ? null : value;

    protected override string? EncodeQuoted(string value, char quote) => null;
}
