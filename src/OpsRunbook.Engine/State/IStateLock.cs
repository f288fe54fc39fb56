namespace OpsRunbook.Engine.State;

/// <summary>A lock that is held until it is disposed.</summary>
public interface IStateLock : IAsyncDisposable
{
    /// <summary>Cancelled when the lock was lost, because its store cannot be reached any more: whoever works under it stops.</summary>
    CancellationToken Lost { get; }
}
