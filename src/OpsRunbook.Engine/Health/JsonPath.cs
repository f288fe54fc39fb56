using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Health;

/// <summary>A place in a JSON document: <c>a.b[0].c</c>, <c>["key.with.dots"]</c>, <c>checks[*].status</c>.</summary>
public sealed partial class JsonPath
{
    private readonly List<Step> _steps;

    private JsonPath(List<Step> steps) => _steps = steps;

    /// <summary>Reads a path.</summary>
    /// <param name="text">The path; empty for the whole document.</param>
    /// <returns>The path.</returns>
    /// <exception cref="OpsException"><c>Health.ConditionInvalid</c>.</exception>
    public static JsonPath Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var match = Pattern().Match(text);
        if (!match.Success)
        {
            throw new OpsException(
                "Health.ConditionInvalid",
                OpsErrorKind.InvalidData,
                $"'{text}' is not a path into a JSON answer.",
                "Write for example body.checks[0].status, body.checks[*].status or body[\"key.with.dots\"].",
                text);
        }

        return new JsonPath(match.Groups["step"].Captures.Select(step => Read(step.Value)).ToList());
    }

    /// <summary>Every value at the path: more than one with <c>[*]</c>, none when there is no such place.</summary>
    /// <param name="root">The document.</param>
    /// <returns>The values.</returns>
    public IEnumerable<JsonElement> Find(JsonElement root) => _steps.Aggregate(
        (IEnumerable<JsonElement>)[root],
        (elements, step) => elements.SelectMany(element => Follow(element, step)));

    private static IEnumerable<JsonElement> Follow(JsonElement element, Step step)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object when step.Name is not null && element.TryGetProperty(step.Name, out var value):
                return [value];
            case JsonValueKind.Object when step.All:
                return element.EnumerateObject().Select(property => property.Value);
            case JsonValueKind.Array when step.All:
                return element.EnumerateArray();
            case JsonValueKind.Array when step.Index is { } index && index < element.GetArrayLength():
                return [element[index]];
            default:
                return [];
        }
    }

    private static Step Read(string text)
    {
        if (text[0] != '[')
        {
            return new Step(text.TrimStart('.'), Index: null, All: false);
        }

        var inner = text[1..^1];
        return inner == "*" ? new Step(Name: null, Index: null, All: true)
            : inner[0] is '"' or '\'' ? new Step(inner[1..^1], Index: null, All: false)
            : new Step(Name: null, int.Parse(inner, CultureInfo.InvariantCulture), All: false);
    }

    private sealed record Step(string? Name, int? Index, bool All);

    [GeneratedRegex(
        """^(?:(?<step>^[^.\[\]]+|\.[^.\[\]]+|\[(?:\*|[0-9]{1,9}|"[^"]*"|'[^']*')\]))*\z""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex Pattern();
}
