using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Maintenance;

/// <summary>Remembers the windows of a stack.</summary>
/// <param name="state">Where.</param>
/// <param name="stack">Name of the stack.</param>
internal sealed class WindowStore(IStateStore state, string stack)
{
    private static readonly JsonSerializerOptions Format = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter() },
    };

    /// <summary>An id for a new window; ids sort by time.</summary>
    /// <param name="now">Now, UTC.</param>
    /// <returns>The id.</returns>
    public static string NewId(DateTime now) =>
        now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + "-" + Convert.ToHexString(RandomNumberGenerator.GetBytes(3)).ToLowerInvariant();

    /// <summary>The windows of the stack, the oldest first.</summary>
    /// <param name="onlyUnfinished">Only those that are planned or open.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The windows.</returns>
    /// <exception cref="OpsException"><c>State.…</c>: one of them cannot be read, which is never taken for "there is none".</exception>
    public async Task<IReadOnlyList<WindowDocument>> ListAsync(bool onlyUnfinished, CancellationToken cancellationToken) =>
        [.. (await state.ListAsync(OpenWork.WindowKind, onlyUnfinished, cancellationToken)).Select(Read).Where(window => window.Stack == stack)];

    /// <summary>One window.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The window.</returns>
    /// <exception cref="OpsException"><c>Window.NotFound</c>, <c>State.…</c>.</exception>
    public async Task<WindowDocument> GetAsync(string id, CancellationToken cancellationToken) =>
        await FindAsync(id, cancellationToken) ?? throw new OpsException(
            "Window.NotFound", OpsErrorKind.NotFound, $"The stack '{stack}' has no maintenance window '{Display.Text(id)}'.", "Get-MaintenanceWindow -All lists them.", id);

    /// <summary>One window.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>The window; null when there is none.</returns>
    public async Task<WindowDocument?> FindAsync(string id, CancellationToken cancellationToken) =>
        await state.ReadAsync(OpenWork.WindowKind, id, cancellationToken) is { } document && Read(document) is var window && window.Stack == stack ? window : null;

    /// <summary>Writes a window.</summary>
    /// <param name="window">The window; <see cref="WindowDocument.Version"/> is what it replaces.</param>
    /// <param name="cancellationToken">Ends the writing; the old or the new one is there.</param>
    /// <returns>The window with its new version.</returns>
    /// <exception cref="OpsException"><c>State.Changed</c>, <c>State.NotWritten</c>.</exception>
    public async Task<WindowDocument> WriteAsync(WindowDocument window, CancellationToken cancellationToken) => window with
    {
        Version = await state.WriteAsync(
            OpenWork.WindowKind, window.Id, JsonSerializer.SerializeToUtf8Bytes(window, Format), window.IsUnfinished, window.Version, cancellationToken),
    };

    /// <summary>Does something that only one may do at a time with the windows of the stack.</summary>
    /// <param name="purpose">Cmdlet.</param>
    /// <param name="work">Does it.</param>
    /// <param name="cancellationToken">Given to the work.</param>
    /// <returns>What the work returns.</returns>
    /// <exception cref="OpsException"><c>State.Locked</c>, which names the holder; <c>Window.LockLost</c>; what the work throws.</exception>
    public async Task<T> LockedAsync<T>(string purpose, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        const string Remedy = "Get-MaintenanceWindow shows how far it is; Stop-MaintenanceWindow finishes or undoes it.";
        var lost = CancellationToken.None;
        try
        {
            await using var gate = await state.LockAsync($"window/{stack}", purpose, cancellationToken);
            lost = gate.Lost;
            using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lost);
            return await work(linked.Token);
        }
        catch (OpsException error) when (error.Id is "State.NotWritten" or "State.NotReadable")
        {
            throw new OpsException(error.Id, error.Kind, error.Message, $"{error.NextStep} Then: {Remedy}", error.Target, error);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new OpsException(
                "Window.LockLost",
                OpsErrorKind.Connection,
                $"The connection to {state.Location} was lost, so that somebody else could have begun to work at the same window: the work was stopped.",
                Remedy,
                stack);
        }
    }

    private static WindowDocument Read(StateDocument document)
    {
        try
        {
            return JsonSerializer.Deserialize<WindowDocument>(document.Json.Span, Format)! with { Id = document.Id, Version = document.Version };
        }
        catch (JsonException error)
        {
            throw new OpsException(
                "Window.Unreadable",
                OpsErrorKind.InvalidData,
                $"The maintenance window {document.Id} cannot be read: {error.Message}",
                "A newer version of OpsRunbook may have written it; end it with that one.",
                document.Id,
                error);
        }
    }
}
