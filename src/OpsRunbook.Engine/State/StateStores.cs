using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.State;

/// <summary>Picks the place where a stack's state is kept.</summary>
internal static class StateStores
{
    /// <summary>The store of a stack.</summary>
    /// <param name="session">The stack in use; it disposes the store.</param>
    /// <returns>The store. Nothing is read or connected yet.</returns>
    public static IStateStore Create(StackSession session) => new FileStateStore();
}
