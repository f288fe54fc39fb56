using System.Text.RegularExpressions;

namespace OpsRunbook.Engine.Certificates;

/// <summary>How certbot ended, and what it said.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Text">Output and error output.</param>
internal sealed partial record CertbotRun(int ExitCode, string Text)
{
    /// <summary>It found that nothing was due.</summary>
    public bool IsNotDue => ExitCode == 0 && (Text.Contains("not yet due for renewal", StringComparison.Ordinal) || Text.Contains("not due for renewal yet", StringComparison.Ordinal));

    /// <summary>Hooks that failed, which is no failure to certbot: <c>deploy-hook ended with 1 (no such file)</c>; null for none.</summary>
    public string? HookFailure
    {
        get
        {
            var failed = HookPattern().Matches(Text).Select(match => match.Groups["name"].Value).Distinct(StringComparer.Ordinal).ToList();
            return failed.Count == 0 ? null : string.Join("; ", failed.Select(Describe));
        }
    }

    private string Describe(string name)
    {
        var code = HookPattern().Matches(Text).First(match => match.Groups["name"].Value == name).Groups["code"].Value;
        var said = ErrorPattern().Matches(Text).FirstOrDefault(match => match.Groups["name"].Value == name)?.Groups["text"].Value;
        return $"{name} ended with {code}{(said is null ? string.Empty : $" ({said.Trim()})")}";
    }

    [GeneratedRegex(@"Hook '(?:--)?(?<name>[^']+)'(?: for [^\n]+?)? reported error code (?<code>-?[0-9]+)", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex HookPattern();

    [GeneratedRegex(@"Hook '(?:--)?(?<name>[^']+)'[^\n]* ran with error output:\n(?<text>[^\n]{1,300})", RegexOptions.ExplicitCapture, 2000)]
    private static partial Regex ErrorPattern();
}
