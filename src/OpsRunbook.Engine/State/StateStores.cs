using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.State;

/// <summary>Picks the place where a stack's state is kept.</summary>
internal static class StateStores
{
    /// <summary>The store of a stack.</summary>
    /// <param name="session">The stack in use; it disposes the store.</param>
    /// <returns>The store. Nothing is read or connected yet.</returns>
    /// <exception cref="OpsException"><c>State.EngineUnsuitable</c>.</exception>
    public static IStateStore Create(StackSession session)
    {
        if (session.Stack.State?.Postgres is not { } name)
        {
            return new FileStateStore();
        }

        var database = session.Stack.Databases[name];
        return database.Engine == DatabaseEngine.Postgres
            ? new PostgreSqlStateStore(new DatabaseMember(session, name, database), session.Stack.State.Schema ?? PostgreSqlStateStore.DefaultSchema)
            : throw new OpsException(
                "State.EngineUnsuitable", OpsErrorKind.InvalidArgument, $"The database '{name}' is {database.Engine}, and state is shared in PostgreSQL only.", "Name one with engine: postgres under state.postgres.", name);
    }
}
