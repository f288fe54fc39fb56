using System.Text;

namespace OpsRunbook.Engine.Stacks;

/// <summary>Variables of a compose file: the caller's environment, then the <c>.env</c> file beside it.</summary>
internal sealed class ComposeVariables(IReadOnlyDictionary<string, string> values)
{
    private const int MaximumDepth = 10;

    /// <summary>Reads <c>.env</c> beside a compose file, if there is one.</summary>
    public static async Task<ComposeVariables> ReadAsync(string composeFile, CancellationToken cancellationToken)
    {
        var path = Path.Combine(Path.GetDirectoryName(composeFile)!, ".env");
        return new ComposeVariables(File.Exists(path) ? await ReadFileAsync(path, cancellationToken) : new Dictionary<string, string>());
    }

    /// <summary>Reads a file of <c>KEY=value</c> lines.</summary>
    public static async Task<Dictionary<string, string>> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in Encoding.UTF8.GetString(await ConfigReader.ReadFileAsync(path, cancellationToken, "Compose")).Split('\n').Select(line => line.Trim()))
        {
            var text = line.StartsWith("export ", StringComparison.Ordinal) ? line[7..].TrimStart() : line;
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && text[0] != '#')
            {
                var value = text[(equals + 1)..].Trim();
                values[text[..equals].TrimEnd()] = value is ['"', .., '"'] or ['\'', .., '\''] ? value[1..^1] : value.Split(" #")[0].TrimEnd();
            }
        }

        return values;
    }

    /// <summary>Replaces <c>$NAME</c>, <c>${NAME:-default}</c> and their like as compose does.</summary>
    /// <param name="text">Text of the compose file.</param>
    /// <param name="used">Takes the names of the variables.</param>
    /// <returns>The text; a variable without value and default becomes nothing.</returns>
    public string Replace(string text, ICollection<string>? used = null) => Replace(text, used, 0);

    private string Replace(string text, ICollection<string>? used, int depth)
    {
        if (depth > MaximumDepth || !text.Contains('$', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '$' || i + 1 == text.Length)
            {
                result.Append(text[i]);
            }
            else if (text[i + 1] == '$')
            {
                result.Append('$');
                i++;
            }
            else if (text[i + 1] == '{' && ClosingBrace(text, i + 1) is var end and > 0)
            {
                result.Append(Expand(text[(i + 2)..end], used, depth));
                i = end;
            }
            else if (NameLength(text, i + 1) is var length and > 0)
            {
                result.Append(Expand(text.Substring(i + 1, length), used, depth));
                i += length;
            }
            else
            {
                result.Append('$');
            }
        }

        return result.ToString();
    }

    private string Expand(string expression, ICollection<string>? used, int depth)
    {
        var length = NameLength(expression, 0);
        var (name, rest) = (expression[..length], expression[length..]);
        used?.Add(name);
        var value = Environment.GetEnvironmentVariable(name) ?? values.GetValueOrDefault(name);
        var orEmpty = rest.StartsWith(':');
        var isSet = orEmpty ? !string.IsNullOrEmpty(value) : value is not null;
        rest = orEmpty ? rest[1..] : rest;
        return rest.Length == 0 ? value ?? string.Empty
            : rest[0] == '-' && !isSet ? Replace(rest[1..], used, depth + 1)
            : rest[0] == '+' ? (isSet ? Replace(rest[1..], used, depth + 1) : string.Empty)
            : value ?? string.Empty;
    }

    private static int ClosingBrace(string text, int open)
    {
        var depth = 0;
        for (var i = open; i < text.Length; i++)
        {
            depth += text[i] switch { '{' => 1, '}' => -1, _ => 0 };
            if (depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private static int NameLength(string text, int start)
    {
        var end = start;
        while (end < text.Length && (char.IsAsciiLetterOrDigit(text[end]) || text[end] == '_'))
        {
            end++;
        }

        return end > start && char.IsAsciiDigit(text[start]) ? 0 : end - start;
    }
}
