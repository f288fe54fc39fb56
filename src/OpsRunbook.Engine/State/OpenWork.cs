using System.Text.Json;

namespace OpsRunbook.Engine.State;

/// <summary>What is going on in a stack now: changes that are made belong to it.</summary>
/// <param name="Incident">Id of the open incident; null for none.</param>
/// <param name="Window">Id of the maintenance window that has begun and not ended; null for none.</param>
public sealed record OpenWork(string? Incident, string? Window)
{
    /// <summary>Kind of the documents of incidents.</summary>
    public const string IncidentKind = "incident";

    /// <summary>Kind of the documents of maintenance windows.</summary>
    public const string WindowKind = "window";

    /// <summary>Nothing.</summary>
    public static OpenWork None { get; } = new(null, null);

    /// <summary>
    /// Reads it. Of the open documents it is the newest whose <c>stack</c> is this one, and whose <c>active</c> is not <c>false</c>:
    /// a window that is only planned has that.
    /// </summary>
    /// <param name="state">The store.</param>
    /// <param name="stack">Name of the stack.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>What is open.</returns>
    /// <exception cref="OpsException">As of <see cref="IStateStore.ListAsync"/>.</exception>
    public static async Task<OpenWork> ReadAsync(IStateStore state, string stack, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(state);
        return new OpenWork(await FindAsync(IncidentKind), await FindAsync(WindowKind));

        async Task<string?> FindAsync(string kind) => (await state.ListAsync(kind, onlyOpen: true, cancellationToken)).LastOrDefault(document => IsAbout(document, stack))?.Id;
    }

    private static bool IsAbout(StateDocument document, string stack)
    {
        using var content = JsonDocument.Parse(document.Json);
        return content.RootElement.TryGetProperty("stack", out var name) && name.ValueKind == JsonValueKind.String && name.ValueEquals(stack)
            && !(content.RootElement.TryGetProperty("active", out var active) && active.ValueKind == JsonValueKind.False);
    }
}
