using System.Text.Json;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Asks Alertmanager, through version 2 of its HTTP API.</summary>
/// <param name="server">The Alertmanager.</param>
public sealed class AlertmanagerClient(MonitoringServer server)
{
    /// <summary>Alerts that it holds.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The alerts, the silenced ones too.</returns>
    /// <exception cref="OpsException">An id that begins with <c>Alertmanager.</c>.</exception>
    public async Task<IReadOnlyList<OpsAlert>> AlertsAsync(CancellationToken cancellationToken)
    {
        using var answer = await server.GetAsync("api/v2/alerts", cancellationToken);
        return JsonLabels.Guard(server, () => answer.RootElement.EnumerateArray().Select(Alert).ToList());
    }

    /// <summary>Its silences.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The silences, those that end first before the others; expired ones last.</returns>
    /// <exception cref="OpsException">An id that begins with <c>Alertmanager.</c>.</exception>
    public async Task<IReadOnlyList<AlertSilence>> SilencesAsync(CancellationToken cancellationToken)
    {
        var alerts = await AlertsAsync(cancellationToken);
        using var answer = await server.GetAsync("api/v2/silences", cancellationToken);
        return JsonLabels.Guard(server, () => answer.RootElement.EnumerateArray().Select(silence => Silence(silence, alerts))
            .OrderBy(silence => silence.State == "expired").ThenBy(silence => silence.EndsAt).ToList());
    }

    /// <summary>Makes a silence.</summary>
    /// <param name="matchers">What it mutes.</param>
    /// <param name="start">Begin, UTC.</param>
    /// <param name="end">End, UTC.</param>
    /// <param name="comment">Why.</param>
    /// <param name="author">Who.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its id.</returns>
    public async Task<string> CreateAsync(
        IReadOnlyList<AlertMatcher> matchers, DateTime start, DateTime end, string comment, string author, CancellationToken cancellationToken)
    {
        var body = new Dictionary<string, object>
        {
            ["matchers"] = matchers.Select(matcher => new Dictionary<string, object>
            {
                ["name"] = matcher.Name,
                ["value"] = matcher.Value,
                ["isRegex"] = matcher.IsRegex,
                ["isEqual"] = matcher.IsEqual,
            }).ToList(),
            ["startsAt"] = start,
            ["endsAt"] = end,
            ["comment"] = comment,
            ["createdBy"] = author,
        };
        using var answer = await server.PostJsonAsync("api/v2/silences", body, cancellationToken);
        return JsonLabels.Guard(server, () => answer.RootElement.GetProperty("silenceID").GetString()!);
    }

    /// <summary>Ends a silence.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>A task that ends when it is over.</returns>
    public Task ExpireAsync(string id, CancellationToken cancellationToken) => server.DeleteAsync($"api/v2/silence/{Uri.EscapeDataString(id)}", cancellationToken);

    private static OpsAlert Alert(JsonElement alert)
    {
        var status = alert.GetProperty("status");
        var silenced = status.GetProperty("silencedBy").EnumerateArray().Select(id => id.GetString()!).ToList();
        var state = silenced.Count > 0 ? "silenced" : status.GetProperty("inhibitedBy").GetArrayLength() > 0 ? "inhibited" : "firing";
        return AlertParts.Create(
            JsonLabels.Read(alert, "labels"), JsonLabels.Read(alert, "annotations"), state, alert.GetProperty("startsAt").GetDateTime().ToUniversalTime(), silenced, "alertmanager");
    }

    private static AlertSilence Silence(JsonElement silence, IReadOnlyList<OpsAlert> alerts)
    {
        var id = silence.GetProperty("id").GetString()!;
        return new AlertSilence
        {
            State = silence.GetProperty("status").GetProperty("state").GetString()!,
            Id = id,
            Matchers = silence.GetProperty("matchers").EnumerateArray().Select(matcher => new AlertMatcher(
                matcher.GetProperty("name").GetString()!,
                matcher.GetProperty("value").GetString()!,
                matcher.GetProperty("isRegex").GetBoolean(),

                // Versions before 0.22 do not know it.
                !matcher.TryGetProperty("isEqual", out var equal) || equal.GetBoolean())).ToList(),
            StartsAt = silence.GetProperty("startsAt").GetDateTime().ToUniversalTime(),
            EndsAt = silence.GetProperty("endsAt").GetDateTime().ToUniversalTime(),
            Comment = silence.GetProperty("comment").GetString() ?? string.Empty,
            Author = silence.GetProperty("createdBy").GetString() ?? string.Empty,
            Muted = alerts.Where(alert => alert.SilencedBy.Contains(id, StringComparer.Ordinal)).Select(alert => alert.Name).ToList(),
        };
    }
}
