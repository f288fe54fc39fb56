namespace OpsRunbook.Fixtures; internal static class Placeholder;
