using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Makes and ends silences of Alertmanager.</summary>
/// <param name="server">The Alertmanager.</param>
/// <param name="changes">The road for changes.</param>
/// <param name="output">Takes warnings.</param>
public sealed class Silencer(MonitoringServer server, ChangeRunner changes, IOperationOutput output)
{
    private readonly AlertmanagerClient _client = new(server);

    /// <summary>Makes a silence, after it has looked what it would mute.</summary>
    /// <param name="matchers">What it mutes.</param>
    /// <param name="length">How long.</param>
    /// <param name="comment">Why.</param>
    /// <param name="author">Who.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>The silence; null under <c>-WhatIf</c> and when the operator said no.</returns>
    /// <exception cref="OpsException"><c>Alert.MatcherMissing</c>, <c>Alert.MatcherTooWide</c>, <c>Alertmanager.…</c>.</exception>
    public async Task<AlertSilence?> CreateAsync(IReadOnlyList<AlertMatcher> matchers, TimeSpan length, string comment, string author, CancellationToken cancellationToken)
    {
        AlertMatchers.RequireNarrow(matchers);
        var muted = (await _client.AlertsAsync(cancellationToken)).Where(alert => AlertMatchers.AllFit(matchers, alert.Labels)).Select(alert => alert.Name).ToList();
        if (muted.Count == 0)
        {
            output.Warning($"No alert that fires now is muted by {string.Join(", ", matchers)}. Check the labels with Get-Alert.");
        }

        var start = DateTime.UtcNow;
        var silence = new AlertSilence
        {
            State = "active",
            Id = string.Empty,
            Matchers = matchers,
            StartsAt = start,
            EndsAt = start + length,
            Comment = comment,
            Author = author,
            Muted = muted,
        };
        var change = new Change("Silence alerts", string.Join(", ", matchers), server.Host.Name);
        if (changes.IsWhatIf)
        {
            var preview = muted.Count == 0 ? "mutes none that fires now" : $"mutes {muted.Count} that fire now: {string.Join(", ", muted.Distinct(StringComparer.Ordinal).Take(10))}";
            await changes.PlanAsync("Silence", change.Target, change.Host, $"for {Duration.Format(length)} in Alertmanager {server.Shown}; {preview}", cancellationToken);
            return null;
        }

        if (!await changes.ConfirmAsync(change, cancellationToken))
        {
            return null;
        }

        var id = await changes.RunAsync(
            change,
            token => _client.CreateAsync(matchers, start, start + length, comment, author, token),
            id => new ChangeResult(JournalOutcome.Succeeded, comment)
            {
                After = new Dictionary<string, string?> { ["id"] = id, ["ends"] = (start + length).ToString("O", System.Globalization.CultureInfo.InvariantCulture), ["author"] = author },
            },
            cancellationToken);
        return silence with { Id = id };
    }

    /// <summary>Ends silences.</summary>
    /// <param name="ids">Their ids.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>A task that ends with the last of them.</returns>
    /// <exception cref="OpsException"><c>Alertmanager.…</c>.</exception>
    public async Task ExpireAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var silences = (await _client.SilencesAsync(cancellationToken)).ToDictionary(silence => silence.Id, StringComparer.Ordinal);
        foreach (var id in ids)
        {
            if (!silences.TryGetValue(id, out var silence))
            {
                output.Error(new OpsException("Alert.SilenceNotFound", OpsErrorKind.NotFound, $"Alertmanager has no silence {id}.", "Get-AlertSilence lists them.", id));
            }
            else if (silence.State == "expired")
            {
                output.Verbose($"The silence {id} is over already.");
            }
            else
            {
                await ExpireAsync(silence, cancellationToken);
            }
        }
    }

    private async Task ExpireAsync(AlertSilence silence, CancellationToken cancellationToken)
    {
        var change = new Change("End silence", string.Join(", ", silence.Matchers), server.Host.Name)
        {
            Before = new Dictionary<string, string?> { ["id"] = silence.Id, ["comment"] = silence.Comment, ["author"] = silence.Author },
        };
        if (changes.IsWhatIf)
        {
            await changes.PlanAsync("End silence", change.Target, change.Host, $"{silence.Id} of {silence.Author}: {silence.Comment}; {silence.Muted.Count} alerts speak again", cancellationToken);
            return;
        }

        if (await changes.ConfirmAsync(change, cancellationToken))
        {
            await changes.RunAsync(
                change,
                async token =>
                {
                    await _client.ExpireAsync(silence.Id, token);
                    return true;
                },
                _ => new ChangeResult(JournalOutcome.Succeeded),
                cancellationToken);
        }
    }
}
