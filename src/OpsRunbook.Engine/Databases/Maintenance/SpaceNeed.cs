namespace OpsRunbook.Engine.Databases;

/// <summary>Room that an operation needs while it runs.</summary>
/// <param name="Bytes">How much, by estimate.</param>
/// <param name="Available">How much there is; null when that is not known.</param>
/// <param name="Where">Where it is needed, or why it is not known how much there is.</param>
internal sealed record SpaceNeed(long Bytes, long? Available, string Where);
