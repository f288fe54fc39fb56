using System.Globalization;
using System.Text.RegularExpressions;
using OpsRunbook.Engine.Hosts;

namespace OpsRunbook.Engine.WebServer;

/// <summary>What nginx says about its configuration.</summary>
/// <param name="IsValid">It accepts it; null when this user may not have it tested.</param>
/// <param name="Error">Why not; null when there is nothing to say.</param>
/// <param name="Warnings">What it accepts and does not like.</param>
internal sealed partial record NginxVerdict(bool? IsValid, NginxMessage? Error, IReadOnlyList<NginxMessage> Warnings)
{
    /// <summary>Reads the outcome of <c>nginx -t</c>.</summary>
    /// <param name="result">How it ended.</param>
    /// <returns>The verdict.</returns>
    public static NginxVerdict Of(CommandResult result)
    {
        var messages = result.StandardError.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => Message().Match(line))
            .Where(match => match.Success)
            .Select(match => (Level: match.Groups["level"].Value, Text: match.Groups["text"].Value, File: match.Groups["file"], Line: match.Groups["line"]))
            .ToLookup(
                message => message.Level is "warn" or "notice" or "info" or "debug",
                message => new NginxMessage(message.Text, message.File.Success ? message.File.Value : null, message.Line.Success ? int.Parse(message.Line.Value, CultureInfo.InvariantCulture) : null));
        if (result.Succeeded)
        {
            return new NginxVerdict(true, null, [.. messages[true]]);
        }

        // The last one is why it ended; before it may stand that the usual log cannot be opened.
        var error = messages[false].LastOrDefault() ?? new NginxMessage(result.Summary, null, null);

        // nginx opens its pid file, its logs and its keys for the test. What this user may not open says nothing about the configuration.
        var isForbidden = HostScripts.IsForbidden(error.Text);
        return new NginxVerdict(isForbidden ? null : false, error, [.. messages[true]]);
    }

    [GeneratedRegex(@"\[(?<level>[a-z]+)\] (?:\d+#\d+: )?(?<text>.*?)(?: in (?<file>/.+):(?<line>\d{1,9}))?$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Message();
}
