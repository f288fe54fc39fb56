namespace OpsRunbook.Engine;

/// <summary>
/// Everything an engine operation says to its caller besides its return value. Safe to call from any
/// thread. Implemented by the cmdlets' pump; tests use a list.
/// </summary>
public interface IOperationOutput
{
    /// <summary>Nothing may be changed (<c>-WhatIf</c>): the operation emits its plan instead.</summary>
    bool IsWhatIf { get; }

    /// <summary>Emits a result. Completes when the caller has room for more, so that nothing runs far ahead of a slow consumer.</summary>
    /// <param name="item">A public output type.</param>
    /// <param name="cancellationToken">Cancelled when the caller wants no more.</param>
    /// <returns>A task that ends when the item is taken.</returns>
    ValueTask WriteAsync(object item, CancellationToken cancellationToken);

    /// <summary>Reports that one item failed while the rest goes on.</summary>
    /// <param name="error">The failure.</param>
    void Error(OpsException error);

    /// <summary>Warns the operator.</summary>
    /// <param name="message">One sentence.</param>
    void Warning(string message);

    /// <summary>Says what is being done, for <c>-Verbose</c>. Never with a secret.</summary>
    /// <param name="message">One sentence.</param>
    void Verbose(string message);

    /// <summary>Shows how far long work has come. May be called often: the pump limits the rate.</summary>
    /// <param name="activity">What is being done.</param>
    /// <param name="status">Where it is.</param>
    /// <param name="percent">0 to 100; null when the end is not known.</param>
    void Progress(string activity, string status, int? percent);

    /// <summary>Asks before a change (<c>ShouldProcess</c>). False under <c>-WhatIf</c> or when the operator declines.</summary>
    /// <param name="target">The true target: host, unit, database, file.</param>
    /// <param name="action">What would be done to it.</param>
    /// <param name="cancellationToken">Cancelled when nobody will answer any more.</param>
    /// <returns>True when the change may be made.</returns>
    Task<bool> ConfirmAsync(string target, string action, CancellationToken cancellationToken);
}
