//! The rules of the house: layers, documents, files to deploy, the table of edge cases.

mod architecture;
mod deploy_files;
mod documentation;
mod edge_cases;
mod entrance;
mod rooms;
mod words;
