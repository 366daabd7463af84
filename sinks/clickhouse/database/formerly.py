"""PURE: what some numbered files were known by while views were made in them. A database that was given those is not refused."""

FORMERLY = {
    2: "16a08916779af6e4e5c3b304175c344185d4759e1c1b0a58a77c5cde7a07536f",
    3: "ad4ceda5aca18f40ab279c77fb4dc598563ed7b5ce57569d2d27838dcfa6b148",
    4: "f61055cfedee23d68b3bc484c68646470e9d3c9748f5deaa8f9ee9e11134af2b",
    5: "940ec856bf9584b20f2378e8a8a43196d9ffcf67caee7aa7416de1ef4719b3e4",
    6: "78898b06cc4dfbd10f5add70e5ced511897ab3157cf6655d0f7e9356c0bff3f6",
    7: "ee32ccbe5a4404f79000bd44363ed6d1ae8a6b58bb25446877391dac2a642c41",
    8: "baa4ad0c434fae53bf2e31b7685e86e20b9854f85f9fce3f9cc2d886d00328b4",
    11: "a782bf3cfd3675422ffe70431796c1825d5d58db6f1531bd6a5e7ea4b014ec4e",
    18: "aedf07ab4d9c6d5cf6ec681674a04fd2fd28060c5bcf193248f0bb9764a3f530",
    23: "5c6cc718c192b9e6b68056589b9e24478f89a557ab11f5cfc70c14b3e3572108",
}
