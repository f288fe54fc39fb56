namespace OpsRunbook.Engine.State;

/// <summary>A document of a store.</summary>
/// <param name="Kind">Kind: <c>window</c>, <c>incident</c>.</param>
/// <param name="Id">Id.</param>
/// <param name="Version">Counts up with every write, from 1.</param>
/// <param name="Written">When this version was written, UTC.</param>
/// <param name="Json">Content, one JSON object.</param>
public sealed record StateDocument(string Kind, string Id, long Version, DateTime Written, ReadOnlyMemory<byte> Json);
