using System.Diagnostics;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Announcements;

/// <summary>Tells people something on several channels at once. A channel that fails never stops the others, nor what is announced.</summary>
/// <param name="session">The stack in use.</param>
public sealed class Announcer(StackSession session)
{
    // Longer than a restart of the receiver takes is not worth waiting for: somebody stands at the keyboard.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)];

    /// <summary>Names of the channels that are meant.</summary>
    /// <param name="names">Names with wildcards; none for all of the purpose.</param>
    /// <param name="purpose"><c>incident</c> or <c>maintenance</c>; null for any.</param>
    /// <param name="output">Takes an error for each name that fits nothing.</param>
    /// <returns>The names in the order of the stack.</returns>
    /// <exception cref="OpsException"><c>Announce.NotConfigured</c>.</exception>
    public IReadOnlyList<string> Choose(IReadOnlyList<string> names, string? purpose, IOperationOutput output)
    {
        ArgumentNullException.ThrowIfNull(names);
        ArgumentNullException.ThrowIfNull(output);
        var filter = new NameFilter(names);
        var chosen = session.Stack.Announce
            .Where(channel => filter.Includes(channel.Key) && (names.Count > 0 || purpose is null || channel.Value.Use.Count == 0 || channel.Value.Use.Contains(purpose, StringComparer.OrdinalIgnoreCase)))
            .Select(channel => channel.Key)
            .ToList();
        foreach (var error in filter.Unused("Announce.ChannelNotFound", "channel"))
        {
            output.Error(error);
        }

        return chosen.Count > 0 || names.Count > 0 ? chosen : throw new OpsException(
            "Announce.NotConfigured",
            OpsErrorKind.NotFound,
            $"The stack '{session.Stack.Name}' has no channel for announcements{(purpose is null ? string.Empty : $" of {purpose}")}.",
            "Write one under 'announce' in the stack file; docs/stack-file.md explains the kinds.",
            session.Stack.Name);
    }

    /// <summary>Sends an announcement.</summary>
    /// <param name="channels">Names of channels.</param>
    /// <param name="announcement">What to say.</param>
    /// <param name="cancellationToken">Ends all attempts.</param>
    /// <returns>A result for each channel, in their order.</returns>
    public async Task<IReadOnlyList<AnnouncementResult>> SendAsync(IReadOnlyList<string> channels, Announcement announcement, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(channels);
        ArgumentNullException.ThrowIfNull(announcement);
        return await Task.WhenAll(channels.Select(name => SendAsync(name, session.Stack.Announce[name], announcement, cancellationToken)));
    }

    private async Task<AnnouncementResult> SendAsync(string name, StackAnnounceChannel definition, Announcement announcement, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var attempts = 0;
        try
        {
            if (definition.Kind == AnnounceKind.Manual)
            {
                var place = await session.SecretAsync(definition.Url, cancellationToken) ?? definition.Channel ?? name;
                return Result(HealthStatus.Unknown, $"Post it yourself at {place}.");
            }

            var channel = await OpenAsync(name, definition, cancellationToken);
            while (true)
            {
                try
                {
                    attempts++;
                    return Result(HealthStatus.Healthy, await channel.SendAsync(announcement, cancellationToken));
                }
                catch (OpsException error) when (error.Kind is OpsErrorKind.Connection or OpsErrorKind.Timeout && attempts <= Pauses.Length)
                {
                    await Task.Delay(Pauses[attempts - 1], cancellationToken);
                }
            }
        }
        catch (OpsException error)
        {
            return Result(HealthStatus.Critical, error.Message);
        }

        AnnouncementResult Result(HealthStatus status, string message) => new()
        {
            Status = status,
            Channel = name,
            Kind = definition.Kind,
            Attempts = attempts,
            Took = Stopwatch.GetElapsedTime(start),
            Message = message,
        };
    }

    private async Task<IAnnouncementChannel> OpenAsync(string name, StackAnnounceChannel definition, CancellationToken cancellationToken)
    {
        switch (definition.Kind)
        {
            case AnnounceKind.Smtp:
                return definition.To.Count > 0
                    ? new MailChannel(name, definition, await session.SecretAsync(definition.Password, cancellationToken))
                    : throw Incomplete(name, "to", "the recipients");
            case AnnounceKind.Command:
                return definition.Command is { Count: > 0 } command
                    ? new CommandChannel(name, session.Host(LocalHost.LocalName), command)
                    : throw Incomplete(name, "command", "what to run");
            default:
                var token = await session.SecretAsync(definition.Token, cancellationToken);
                var text = await session.SecretAsync(definition.Url, cancellationToken);
                if (definition.Kind == AnnounceKind.Telegram)
                {
                    text = $"{text?.TrimEnd('/') ?? "https://api.telegram.org"}/bot{token ?? throw Incomplete(name, "token", "the token of the bot")}/sendMessage";
                    token = null;
                }

                return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
                    ? new WebhookChannel(name, definition.Kind, session.Host(LocalHost.LocalName), address, token, definition.Channel)
                    : throw Incomplete(name, "url", "an absolute http or https address");
        }
    }

    private static OpsException Incomplete(string name, string key, string what) => new(
        "Announce.Incomplete", OpsErrorKind.InvalidArgument, $"The channel '{name}' does not say {what}.", $"Write it under announce.{name}.{key} in the stack file.", name);
}
