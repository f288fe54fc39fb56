using System.Text.Json;

namespace OpsRunbook.Engine.Health;

/// <summary>One condition on an HTTP answer: <c>body.a.b</c>, <c>body</c> or <c>header.NAME</c> and what it must be.</summary>
public sealed class HttpCondition
{
    private const string Body = "body";
    private const string Header = "header.";

    private readonly ValueExpectation _expected;
    private readonly JsonPath? _path;

    private HttpCondition(string key, ValueExpectation expected, JsonPath? path)
    {
        Key = key;
        _expected = expected;
        _path = path;
    }

    /// <summary>The condition's key in the stack file.</summary>
    public string Key { get; }

    /// <summary>The condition looks into the body.</summary>
    public bool NeedsBody => Key.StartsWith(Body, StringComparison.Ordinal);

    /// <summary>The condition needs the body as JSON.</summary>
    public bool NeedsJson => _path is not null;

    /// <summary>Reads a condition as it stands in the stack file.</summary>
    /// <param name="key">For example <c>body.status</c>.</param>
    /// <param name="value">For example <c>ok</c>.</param>
    /// <returns>The condition.</returns>
    /// <exception cref="OpsException"><c>Health.ConditionInvalid</c>.</exception>
    public static HttpCondition Parse(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        var expected = ValueExpectation.Parse(value);
        if (key == Body || (key.StartsWith(Header, StringComparison.Ordinal) && key.Length > Header.Length))
        {
            return new HttpCondition(key, expected, path: null);
        }

        if (key.StartsWith(Body, StringComparison.Ordinal) && key[Body.Length] is '.' or '[')
        {
            return new HttpCondition(key, expected, JsonPath.Parse(key[Body.Length..]));
        }

        throw new OpsException(
            "Health.ConditionInvalid",
            OpsErrorKind.InvalidData,
            $"'{key}' is not a condition on an HTTP answer.",
            "Write body.PATH, body, or header.NAME.",
            key);
    }

    /// <summary>Judges an answer.</summary>
    /// <param name="headers">Its headers.</param>
    /// <param name="text">Its body as text.</param>
    /// <param name="json">Its body as JSON; only looked at when <see cref="NeedsJson"/>.</param>
    /// <returns>What is wrong, with its stable id; null when the condition holds.</returns>
    public (string Reason, string Message)? Fault(IReadOnlyDictionary<string, string> headers, string text, JsonElement json)
    {
        ArgumentNullException.ThrowIfNull(headers);
        if (_path is not null)
        {
            return JsonFault(_path.Find(json).ToList());
        }

        if (Key == Body)
        {
            // Nobody writes the newline at the end of an answer into a stack file.
            return _expected.Matches(text.TrimEnd('\r', '\n')) ? null : Differs("Health.BodyMismatch", CheckResults.Quote(text.Trim()));
        }

        var name = Key[Header.Length..];
        return !headers.TryGetValue(name, out var value) ? ("Health.HeaderMismatch", $"there is no header {name}, expected {_expected}")
            : _expected.Matches(value) ? null
            : Differs("Health.HeaderMismatch", CheckResults.Quote(value));
    }

    private (string Reason, string Message)? JsonFault(List<JsonElement> found)
    {
        if (found.Count == 0)
        {
            return ("Health.BodyMismatch", $"there is no {Key}, expected {_expected}");
        }

        foreach (var element in found)
        {
            var (value, shown) = element.ValueKind switch
            {
                JsonValueKind.String => (element.GetString()!, CheckResults.Quote(element.GetString()!)),
                JsonValueKind.Object => (element.GetRawText(), "an object"),
                JsonValueKind.Array => (element.GetRawText(), "a list"),
                _ => (element.GetRawText(), CheckResults.Short(element.GetRawText())),
            };
            if (!_expected.Matches(value))
            {
                return Differs("Health.BodyMismatch", shown);
            }
        }

        return null;
    }

    private (string Reason, string Message) Differs(string reason, string found) => (reason, $"{Key} is {found}, expected {_expected}");
}
