using System.Text.Json;

namespace OpsRunbook.EndToEnd.Tests;

/// <summary>One run of <c>opsrunbook Get-ServiceHealth</c> as a process, as cron would run it.</summary>
internal sealed class HealthRun
{
    private readonly JsonElement[] _members;
    private readonly string _text;

    private HealthRun(ToolResult result)
    {
        ExitCode = result.ExitCode;
        _text = $"exit code {result.ExitCode}\n{result.Output}\n{result.Error}";
        try
        {
            using var document = JsonDocument.Parse(result.Output);
            _members = [.. document.RootElement.EnumerateArray().Select(element => element.Clone())];
        }
        catch (JsonException exception)
        {
            throw new InvalidOperationException("The answer is not a JSON array: " + _text, exception);
        }
    }

    /// <summary>0 healthy, 1 warning, 2 critical, 3 unknown.</summary>
    public int ExitCode { get; }

    public static async Task<HealthRun> OfAsync(string stack, IReadOnlyDictionary<string, string> secrets, params string[] arguments) =>
        new(await ConsoleRun.OfAsync(stack, secrets, ["Get-ServiceHealth", "-OutputFormat", "Json", .. arguments]));

    /// <summary>Asserts the status of every member, and that there is no other; the cause follows the status after a space.</summary>
    /// <param name="exitCode">Exit code of the run.</param>
    /// <param name="members">Such as <c>api Critical db</c>: name, status, and the member that caused it if another did.</param>
    public void AssertIs(int exitCode, params string[] members)
    {
        var actual = _members.Select(member => $"{Text(member, "Name")} {Text(member, "Status")} {Text(member, "CausedBy")}".TrimEnd());
        Assert.True(
            members.Order(StringComparer.Ordinal).SequenceEqual(actual.Order(StringComparer.Ordinal)),
            $"expected {string.Join(", ", members)}\n{_text}");
        Assert.True(exitCode == ExitCode, $"expected exit code {exitCode}\n{_text}");
    }

    /// <summary>Asserts that a member's message says something.</summary>
    public void AssertSays(string name, string text) =>
        Assert.Contains(text, Text(_members.Single(member => Text(member, "Name") == name), "Message"), StringComparison.OrdinalIgnoreCase);

    private static string Text(JsonElement member, string property) => member.GetProperty(property).GetString() ?? string.Empty;
}
